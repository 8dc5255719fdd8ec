//! A world of clients, servers and an operator around one director, from a seed, against a plain model.
//!
//! `SIM_SEED=N` plays one seed; `SIM_SEEDS=N` plays that many (64). A failing seed is printed; it fails again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "simulation/crash.rs"]
mod crash;
#[path = "simulation/draw.rs"]
mod draw;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/rng.rs"]
mod rng;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

use crate::datapath_recordings::{packet, seen};

const STEPS: usize = 2000;
const DEFAULT_SEEDS: u64 = 64;

fn play(seed: u64) -> Result<(), String> {
    let mut world = World::new(seed);
    for step in 0..STEPS {
        world.step().map_err(|broken| format!("step {step}: {broken}"))?;
        if step % 8 == 0 {
            world.check_counters().map_err(|broken| format!("step {step}: {broken}"))?;
        }
    }
    world.drain().map_err(|broken| format!("at the end: {broken}"))
}

#[test]
fn invariants_hold_from_every_seed() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().unwrap());
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(DEFAULT_SEEDS),
    };
    let count = seeds.end - seeds.start;
    let outcome =
        |seed| catch_unwind(AssertUnwindSafe(|| play(seed))).unwrap_or_else(|_| Err("panic".to_owned()));
    let seeds: Vec<u64> = seeds.collect();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = seeds
            .chunks(seeds.len().div_ceil(2).max(1))
            .map(|part| {
                scope.spawn(move || {
                    let wrong = |seed: &u64| outcome(*seed).err().map(|broken| (*seed, broken));
                    part.iter().filter_map(wrong).collect::<Vec<_>>()
                })
            })
            .collect();
        let failed = workers.into_iter().flat_map(|worker| worker.join().unwrap());
        failed.map(|(seed, broken)| format!("SIM_SEED={seed}: {broken}")).collect()
    });
    let shown: Vec<String> = failed.iter().take(5).map(|line| line.chars().take(2000).collect()).collect();
    assert!(failed.is_empty(), "{} of {count} seeds fail:\n{}", failed.len(), shown.join("\n"));
}
