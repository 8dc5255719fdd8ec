//! Socket options of IPVS, on whatever IPv4 socket the program has.

use lvs_netlink::{Tables, options};
use lvs_sys::seccomp::{Answer, Notification};

use super::supervisor::{Completion, Reply, Supervisor};
use super::target::Target;

impl Supervisor {
    /// An option by the level of IPv4 and a name of IPVS.
    pub(super) fn of_option(&mut self, call: &Notification) -> Option<Answer> {
        let target = Target(call.thread);
        let name = call.args[2] as u32;
        let sets = i64::from(call.call) == libc::SYS_setsockopt;
        let is_known = if sets { options::is_settable(name) } else { options::is_readable(name) };
        let is_here = target.socket(call.args[0] as u32).is_some() && self.is_here(target);
        if !is_known || !is_here {
            return Some(Answer::Continue);
        }
        let is_admin = self.is_admin(target);
        let (call, waker) = (*call, self.waker.clone());
        self.asking.submit(move |director| {
            let outcome = if director.is_there().is_err() {
                // The kernel says that there is no such option.
                Answer::Continue
            } else if !is_admin {
                Answer::Error(libc::EPERM)
            } else {
                let done = if sets { set(director, target, &call) } else { get(director, target, &call) };
                done.map_or_else(Answer::Error, |()| Answer::Value(0))
            };
            waker.finish(Completion::Call { id: call.id, answer: Reply::Plain(outcome) });
        });
        None
    }
}

fn set(tables: &mut impl Tables, target: Target, call: &Notification) -> Result<(), i32> {
    let [_, _, name, at, len, _] = call.args;
    // One byte more than any option has tells that it is too long.
    let mut value = vec![0; (len as u32 as usize).min(options::LONGEST + 1)];
    target.read(at, &mut value).map_err(|errno| errno as i32)?;
    options::set(name as u32, &value, tables)
}

fn get(tables: &mut impl Tables, target: Target, call: &Notification) -> Result<(), i32> {
    let [_, _, name, at, len_at, _] = call.args;
    let len = u32::from_ne_bytes(target.number(len_at).map_err(|errno| errno as i32)?) as usize;
    let mut asked = vec![0; len.min(options::LONGEST)];
    target.read(at, &mut asked).map_err(|errno| errno as i32)?;
    let value = options::get(name as u32, &asked, len, tables)?;
    let told = u32::try_from(value.told).unwrap_or(u32::MAX).to_ne_bytes();
    target.write(&[(at, &value.bytes), (len_at, &told)]).map_err(|errno| errno as i32)
}
