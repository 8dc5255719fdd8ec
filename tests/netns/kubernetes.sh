#!/usr/bin/env bash
# The manifests of conf/kubernetes are what Kubernetes takes: the newest one, and the oldest that each says it needs.
here=$(realpath "$(dirname "$0")")
. "$(dirname "$0")/lib.sh"
packages=${TUNVS_TEST_PACKAGES:-/opt/tunvs-tests}
[[ -d $packages/kubernetes_validate ]] || fail "no kubernetes-validate in $packages: run scripts/install-test-deps"
valid() { PYTHONPATH=$packages python3 "$here/kubernetes.py" "$@"; }
cd "$here/../../conf/kubernetes"

newest=1.37
same "what is checked with the schemas of $newest" "director.yaml: Namespace tunvs
director.yaml: ServiceAccount tunvs
director.yaml: ClusterRole tunvs
director.yaml: ClusterRoleBinding tunvs
director.yaml: ConfigMap tunvs
director.yaml: DaemonSet tunvs
program.yaml: Pod ipvs-program
sidecar.yaml: ConfigMap tunvs
sidecar.yaml: Pod app" "$(valid $newest *.yaml)"
for manifest in *.yaml; do
  oldest=$(sed -n 's/.*(Kubernetes \(1\.[0-9]*\)).*/\1/p' "$manifest" | head -n 1)
  [[ -z $oldest ]] || valid "$oldest" "$manifest" >/dev/null || fail "$manifest is not what Kubernetes $oldest takes"
done

# A mistake is one.
sed 's/hostNetwork/hostNetworks/' director.yaml >"$work/mistake.yaml"
refused valid $newest "$work/mistake.yaml"
contains "a misspelled field" "DaemonSet tunvs: spec.template.spec: Additional properties are not allowed ('hostNetworks' was unexpected)" "$output"
refused valid 1.30 program.yaml
contains "a field that came later" "'image' was unexpected" "$output"
