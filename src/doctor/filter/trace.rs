//! The traces that a packet may take through the chains of some hooks. Pure.

use super::condition::{self, Tristate};
use super::packet::{Packet, Tracking};
use super::{Action, Chain, Expression, Hook, Rule, Ruleset, Tool};

/// Priority at which connection tracking looks at a packet (`NF_IP_PRI_CONNTRACK`): only before that can it be told not to.
const CONNTRACK: i64 = -200;

/// As deep as the kernel lets jumps go (`NFT_JUMP_STACK_SIZE`).
const DEEPEST: usize = 16;

/// Traces at a time; more than that are not followed.
const MOST: usize = 256;

/// A rule, or a policy, that decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub tool: Tool,
    pub family: String,
    pub table: String,
    pub chain: String,
    /// The chain by which packets came to that one, and its hook.
    pub base: String,
    pub hook: Hook,
    pub handle: Option<u64>,
    /// Empty: the policy of the chain.
    pub rule: String,
    /// Rewritten destination.
    pub to: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Passed,
    Dropped(Place),
    /// The packet has another destination from here on.
    Redirected(Place),
    /// More traces are there than were followed.
    Lost,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub end: End,
    pub tracking: Tracking,
    /// The firewall mark that it has in the end; None: not known.
    pub mark: Option<u64>,
    /// Place that rewrites its source.
    pub hidden: Option<Place>,
    /// Rules whose conditions could not be told.
    pub unread: Vec<String>,
}

/// All that may become of a packet in these hooks, which it meets in this order.
pub fn traces(ruleset: &Ruleset, hooks: &[Hook], packet: &Packet) -> Vec<Trace> {
    let mut ended = Vec::new();
    let mut going = vec![At { tracking: packet.tracking, mark: Some(0), hidden: None, unread: Vec::new() }];
    for &hook in hooks {
        for base in bases(ruleset, hook, packet) {
            let Some(of) = &base.base else { continue };
            let (met, mut beside): (Vec<At>, Vec<At>) =
                going.into_iter().partition(|at| !of.is_nat || at.is_mapped_here());
            // nft before 1.0.7 does not say for which links a chain is.
            if hook == Hook::Ingress && of.devices.is_empty() {
                beside.extend(met.iter().cloned());
            }
            for at in met {
                let walk = Walk { ruleset, packet, base, hook, priority: of.priority };
                for (flow, at) in walk.chain(base, at, 0) {
                    match flow {
                        Flow::Ends(end) => ended.push(at.trace(end)),
                        Flow::Falls | Flow::Returns if of.drops_by_policy => {
                            let place = walk.place(base, &Rule::default(), "");
                            ended.push(at.trace(End::Dropped(place)));
                        }
                        Flow::Falls | Flow::Returns | Flow::Accepted => beside.push(at),
                    }
                }
            }
            going = merged(beside);
        }
    }
    ended.extend(going.into_iter().map(|at| at.trace(End::Passed)));
    ended
}

/// The base chains that the packet meets in a hook, in order.
fn bases<'a>(ruleset: &'a Ruleset, hook: Hook, packet: &Packet) -> Vec<&'a Chain> {
    let is_met = |chain: &&Chain| {
        let of = chain.base.as_ref().filter(|base| base.hook == hook);
        chain.is_for(packet.is_v6())
            && of.is_some_and(|base| base.devices.is_empty() || base.devices.contains(&packet.iif))
    };
    let mut bases: Vec<&Chain> = ruleset.chains.iter().filter(is_met).collect();
    bases.sort_by_key(|chain| chain.base.as_ref().map(|base| base.priority));
    bases
}

/// How far a packet has come, and what was done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct At {
    tracking: Tracking,
    /// None: not known any more.
    mark: Option<u64>,
    hidden: Option<Place>,
    unread: Vec<String>,
}

impl At {
    /// Chains of NAT see the first packet of a connection, until one of them has decided.
    fn is_mapped_here(&self) -> bool {
        self.tracking == Tracking::New && self.hidden.is_none()
    }

    fn trace(self, end: End) -> Trace {
        Trace { end, tracking: self.tracking, mark: self.mark, hidden: self.hidden, unread: self.unread }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.tracking == other.tracking && self.mark == other.mark && self.hidden == other.hidden
    }
}

/// Joins those that are in the same state from here on: what led them here does not matter any more.
fn merged(all: Vec<At>) -> Vec<At> {
    let mut kept: Vec<At> = Vec::new();
    for at in all {
        match kept.iter_mut().find(|other| other.is_like(&at)) {
            Some(other) => other.unread.retain(|text| at.unread.contains(text)),
            None => kept.push(at),
        }
    }
    kept
}

enum Flow {
    /// On to the next rule, or past the last.
    Falls,
    /// Back to where the chain was jumped to from.
    Returns,
    /// Past this base chain.
    Accepted,
    Ends(End),
}

struct Walk<'a> {
    ruleset: &'a Ruleset,
    packet: &'a Packet,
    base: &'a Chain,
    hook: Hook,
    priority: i64,
}

impl Walk<'_> {
    fn chain(&self, chain: &Chain, at: At, depth: usize) -> Vec<(Flow, At)> {
        let mut done = Vec::new();
        if depth > DEEPEST {
            return vec![(Flow::Ends(End::Lost), at)];
        }
        let mut going = vec![at];
        for rule in &chain.rules {
            let mut next = Vec::new();
            for at in going {
                for (flow, at) in self.rule(chain, rule, at, depth) {
                    match flow {
                        Flow::Falls => next.push(at),
                        other => done.push((other, at)),
                    }
                }
            }
            going = merged(next);
            if going.len() + done.len() > MOST {
                done.extend(going.into_iter().map(|at| (Flow::Ends(End::Lost), at)));
                return done;
            }
        }
        done.extend(going.into_iter().map(|at| (Flow::Falls, at)));
        done
    }

    fn rule(&self, chain: &Chain, rule: &Rule, mut at: At, depth: usize) -> Vec<(Flow, At)> {
        let mut done = Vec::new();
        let unread = |at: &mut At| {
            let text = format!("{chain}: {}", rule.text);
            if !at.unread.contains(&text) {
                at.unread.push(text);
            }
        };
        for expression in &rule.expressions {
            match expression {
                Expression::Never => {
                    done.push((Flow::Falls, at));
                    return done;
                }
                Expression::Match(matched) => {
                    match condition::holds(matched, self.packet, at.tracking, at.mark) {
                        Tristate::Yes => {}
                        Tristate::No => {
                            done.push((Flow::Falls, at));
                            return done;
                        }
                        Tristate::Maybe => {
                            done.push((Flow::Falls, at.clone()));
                            unread(&mut at);
                        }
                    }
                }
                Expression::Unread(_) => {
                    done.push((Flow::Falls, at.clone()));
                    unread(&mut at);
                }
                Expression::Select(key, elements) => {
                    let map = condition::selected(key, elements, self.packet, at.tracking, at.mark);
                    if map.none {
                        done.push((Flow::Falls, at.clone()));
                    }
                    if map.none || map.may.len() > 1 {
                        unread(&mut at);
                    }
                    for action in map.may {
                        done.extend(self.act(chain, rule, action, at.clone(), depth));
                    }
                    return done;
                }
                Expression::Do(action) if self.changes(action, &mut at) => {}
                Expression::Do(Action::Queue) => {
                    unread(&mut at);
                    done.push((Flow::Accepted, at.clone()));
                    done.push((Flow::Ends(End::Dropped(self.place(chain, rule, ""))), at));
                    return done;
                }
                Expression::Do(action) => {
                    done.extend(self.act(chain, rule, action, at, depth));
                    return done;
                }
            }
        }
        done.push((Flow::Falls, at));
        done
    }

    /// Whether an action only changes what the packet carries, and the rule goes on.
    fn changes(&self, action: &Action, at: &mut At) -> bool {
        match action {
            Action::Mark(change) => {
                at.mark = at.mark.zip(*change).map(|(mark, change)| (mark & change.keep) ^ change.flip);
            }
            Action::Notrack if self.priority < CONNTRACK => at.tracking = Tracking::Untracked,
            Action::Notrack | Action::ConnMark => {}
            _ => return false,
        }
        true
    }

    /// Carries out what ends a rule.
    fn act(&self, chain: &Chain, rule: &Rule, action: &Action, mut at: At, depth: usize) -> Vec<(Flow, At)> {
        let flow = match action {
            Action::Accept => Flow::Accepted,
            Action::Drop => Flow::Ends(End::Dropped(self.place(chain, rule, ""))),
            Action::Return => Flow::Returns,
            Action::Dnat(to) => Flow::Ends(End::Redirected(self.place(chain, rule, to))),
            Action::Snat => {
                at.hidden = Some(self.place(chain, rule, ""));
                Flow::Accepted
            }
            Action::Jump(name) | Action::Goto(name) => {
                let Some(target) = self.ruleset.beside(chain, name) else {
                    return vec![(Flow::Ends(End::Lost), at)];
                };
                let back = |flow| match flow {
                    Flow::Falls | Flow::Returns if matches!(action, Action::Goto(_)) => Flow::Returns,
                    Flow::Returns => Flow::Falls,
                    other => other,
                };
                let all = self.chain(target, at, depth + 1);
                return all.into_iter().map(|(flow, at)| (back(flow), at)).collect();
            }
            Action::Notrack | Action::Mark(_) | Action::ConnMark | Action::Queue => Flow::Falls,
        };
        vec![(flow, at)]
    }

    fn place(&self, chain: &Chain, rule: &Rule, to: &str) -> Place {
        Place {
            tool: chain.tool,
            family: chain.family.clone(),
            table: chain.table.clone(),
            chain: chain.name.clone(),
            base: self.base.name.clone(),
            hook: self.hook,
            handle: rule.handle,
            rule: rule.text.clone(),
            to: to.to_owned(),
        }
    }
}
