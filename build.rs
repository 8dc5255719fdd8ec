//! Hands on what `tunvs --version` says beside the number: commit, target, features. Needs no git.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=TUNVS_COMMIT");
    // A debug build says no commit, so that it need not be linked anew with every one.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if !is_release {
        println!("cargo:rerun-if-changed=build.rs");
    }
    let given = env::var("TUNVS_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(|| is_release.then(commit_of_checkout)?);
    let without = if is_release { "not known" } else { "not known (a debug build)" };
    println!("cargo:rustc-env=TUNVS_COMMIT={}", commit.as_deref().unwrap_or(without));

    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let linked = if features.split(',').any(|feature| feature == "crt-static") { ", static" } else { "" };
    println!("cargo:rustc-env=TUNVS_TARGET={}{linked}", env::var("TARGET").unwrap_or_default());

    let mut features: Vec<String> = env::vars()
        .filter_map(|(name, _)| Some(name.strip_prefix("CARGO_FEATURE_")?.to_lowercase()))
        .filter(|name| name != "default")
        .collect();
    features.sort();
    let features = if features.is_empty() { "none".to_owned() } else { features.join(" ") };
    println!("cargo:rustc-env=TUNVS_FEATURES={features}");
}

/// The commit of these very sources, if they are a checkout of their own; `+` where files were changed since.
fn commit_of_checkout() -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = output.status.success().then_some(output.stdout)?;
        Some(String::from_utf8_lossy(&text).trim().to_owned())
    };
    let here = env::current_dir().ok()?.canonicalize().ok()?;
    if std::path::Path::new(&git(&["rev-parse", "--show-toplevel"])?) != here {
        return None;
    }
    let changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(format!("{}{}", git(&["rev-parse", "--short=12", "HEAD"])?, if changed { "+" } else { "" }))
}
