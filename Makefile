# tunvs: the only entry point that people and CI use. `make` lists the targets.

CARGO   ?= cargo
PREFIX  ?= /usr/local
DESTDIR ?=
T       ?=
SEEDS   ?= 256
ROUNDS  ?= 4

# Where cargo builds.
built   := $(or $(CARGO_TARGET_DIR),target)
BINARY  ?= $(built)/release/tunvs

# Where the host has no OpenSSL to build with (libssl-dev, pkg-config), one is built from source into the binary (perl). Asked
# anew for each target, since one before may have installed it.
OPENSSL_NO_VENDOR ?= $(shell pkg-config --exists openssl 2>/dev/null && echo 1 || echo 0)
export OPENSSL_NO_VENDOR

bindir := $(DESTDIR)$(PREFIX)/sbin
share  := $(DESTDIR)$(PREFIX)/share

.DEFAULT_GOAL := help
.PHONY: help build install install-files deb dist check deny rust-version test test-deps test-netns test-hostile test-sim test-protocol bench bench-compare demo clean
.PHONY: test-dist test-debian bench-start

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build target/release/tunvs
	$(CARGO) build --release --locked

# Root may have no cargo where a user has one: what the user built is installed then.
install: $(if $(shell command -v $(CARGO)),build) ## install tunvs, the ipvsadm links, manual pages and completions (PREFIX, DESTDIR)
	$(MAKE) -s install-files

install-files:
	@[ -x $(BINARY) ] || { echo 'no $(BINARY): build it with `make build`' >&2; exit 1; }
	install -D -m 755 $(BINARY) $(bindir)/tunvs
	for link in ipvsadm ipvsadm-save ipvsadm-restore; do ln -sf tunvs $(bindir)/$$link; done
	$(BINARY) generate $(share)
	for page in $(wildcard man/*.[58]); do install -D -m 644 $$page $(share)/man/man$${page##*.}/$${page##*/}; done
	install -D -m 644 completions/ipvsadm.bash $(share)/bash-completion/completions/ipvsadm

deb: build ## build the Debian package: target/deb/tunvs_VERSION_ARCH.deb
	scripts/build-deb $(BINARY)

dist: ## what is released, into dist/: one static binary, an archive, a Debian package, the list of its crates
	scripts/build-dist

check: deny rust-version ## format, lints, documentation, crates, tests that need no root
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' $(CARGO) doc --locked --workspace --no-deps --document-private-items
	$(CARGO) check --locked --no-default-features
	$(CARGO) test --locked --workspace

deny: ## licences, advisories and duplicates of crates, where cargo-deny is installed
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --locked --workspace check; \
	else echo "not checked: licences, advisories and duplicates of crates (cargo install cargo-deny)"; fi

rust-version: ## that the oldest Rust named in Cargo.toml is enough
	scripts/check-rust-version

test: test-deps ## everything, installing what the tests need first (root)
	scripts/run-tests

test-deps:
	scripts/install-test-deps

test-netns: ## scenarios in network namespaces (root); T=name runs one
	$(CARGO) build --locked
	scripts/run-netns-tests $(T)

test-hostile: test-deps ## floods beside real clients, and a table of what was served (root)
	$(CARGO) build --release --locked
	scripts/test-hostile

test-dist: ## what `make dist` builds: in an empty root, and byte for byte from two checkouts (root; long)
	scripts/test-dist

test-debian: ## the package, and `make demo`, in fresh roots of Debian 12 and 13 (root, debootstrap, a mirror; long)
	scripts/test-debian

test-sim: ## seeded simulation; SEEDS=how many
	SIM_SEEDS=$(SEEDS) $(CARGO) test --locked --test all simulation:: -- --nocapture

test-protocol: ## the table of connections under thousands of orders of threads (shuttle)
	$(CARGO) test --locked -p lvs --lib --features shuttle conn::tests::

bench: ## what the core costs, in process, up to a million connections
	$(CARGO) bench --locked

bench-compare: test-deps ## traffic against other balancers, and each way to a server against NAT (root); ROUNDS=how many
	$(CARGO) build --release --locked
	scripts/bench-compare --rounds $(ROUNDS)
	scripts/bench-modes $(ROUNDS)

bench-start: ## size, start and memory of what `make dist` built, beside HAProxy and nginx (root)
	scripts/bench-start

demo: ## the LVS-NAT walk-through, in namespaces of its own
	$(CARGO) build --locked
	$(built)/debug/tunvs demo

clean: ## remove what was built
	$(CARGO) clean
	rm -rf fuzz/target fuzz/artifacts
