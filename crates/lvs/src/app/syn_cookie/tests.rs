use proptest::prelude::*;

use super::*;

const PERIOD: u64 = 1 << PERIOD_BITS;

fn opening(v6: bool, port: u16, isn: u32) -> Opening {
    let (from, to) = if v6 { ("fd00::1", "fd00::2") } else { ("10.0.0.1", "10.0.0.2") };
    Opening {
        from: Endpoint::new(from.parse().unwrap(), port),
        to: Endpoint::new(to.parse().unwrap(), 80),
        isn,
    }
}

proptest! {
    /// Whatever the client, the secret and the time: a cookie names the largest size that is not above the client's, until the
    /// end of the next period, and no longer.
    #[test]
    fn a_cookie_is_good_for_two_periods(
        v6 in any::<bool>(), port in any::<u16>(), isn in any::<u32>(), secret in any::<u128>(),
        size in any::<u16>(), now in 0..u64::from(u32::MAX) * 8,
    ) {
        let (cookies, opening) = (SynCookies::new(secret), opening(v6, port, isn));
        let cookie = cookies.bake(&opening, size, Time(now));
        let found = cookies.size_of(&opening, cookie, Time(now)).unwrap();
        prop_assert!(SIZES.contains(&found) && (found <= size || found == SIZES[0]));
        prop_assert!(SIZES.iter().all(|known| *known <= found || *known > size));
        let begun = now / PERIOD * PERIOD;
        prop_assert_eq!(cookies.size_of(&opening, cookie, Time(begun + 2 * PERIOD - 1)), Some(found));
        for late in [2, 3, 4, 5, 8, 1 << 20] {
            prop_assert_eq!(cookies.size_of(&opening, cookie, Time(begun + late * PERIOD)), None);
        }
        if begun > 0 {
            prop_assert_eq!(cookies.size_of(&opening, cookie, Time(begun - 1)), None, "it is of later");
        }
    }

    /// Of another client, another number, another secret, or changed by a bit: refused.
    #[test]
    fn all_others_are_refused(
        port in any::<u16>(), isn in any::<u32>(), secret in any::<u128>(), bit in 0..32u32, now in 0..1u64 << 40,
    ) {
        let (cookies, mine) = (SynCookies::new(secret), opening(false, port, isn));
        let cookie = cookies.bake(&mine, 1460, Time(now));
        let is_taken = |cookies: &SynCookies, opening, cookie| cookies.size_of(&opening, cookie, Time(now)).is_some();
        prop_assert!(is_taken(&cookies, mine, cookie));
        prop_assert!(!is_taken(&SynCookies::new(secret ^ 1), mine, cookie));
        prop_assert!(!is_taken(&SynCookies::new(secret ^ 1 << 64), mine, cookie));
        prop_assert!(!is_taken(&cookies, opening(true, port, isn), cookie));
        prop_assert!(!is_taken(&cookies, opening(false, port ^ 1, isn), cookie));
        prop_assert!(!is_taken(&cookies, opening(false, port, isn.wrapping_add(1)), cookie));
        let swapped = Opening { from: mine.to, to: mine.from, isn };
        prop_assert!(!is_taken(&cookies, swapped, cookie));
        prop_assert!(!is_taken(&cookies, mine, cookie ^ 1 << bit));
    }

    /// Whatever a client offers with timestamps comes back by its timestamp; without, its size alone.
    #[test]
    fn an_offer_comes_back(
        v6 in any::<bool>(), size in 1..u16::MAX, scale in prop::option::of(0..=14u8), takes_sack in any::<bool>(),
        stamp in prop::option::of(any::<u32>()), now in any::<u64>(),
    ) {
        let offer = Offer { size, scale, takes_sack, stamp }.kept();
        let (options, len) = opening_options(&offer, 7);
        prop_assert_eq!(len % 4, 0);
        let mut tcp = vec![0; 20];
        tcp.extend(&options[..len]);
        tcp[12] = (tcp.len() as u8 / 4) << 4;
        prop_assert_eq!(Offer::of(&tcp, v6), offer);
        prop_assert_eq!(stamps(&tcp), stamp.map(|value| Stamps { value, echo: 7 }));
        let answer = offer.stamp_of_answer(Time(now));
        let shown = stamp.map(|value| Stamps { value, echo: answer });
        prop_assert_eq!(Offer::shown(size, shown), offer);
        prop_assert!((now as u32).wrapping_sub(answer) < 32 || answer & !31 == now as u32 & !31);
    }
}

#[test]
fn every_size_comes_back() {
    let cookies = SynCookies::new(7);
    for v6 in [false, true] {
        for size in SIZES {
            let cookie = cookies.bake(&opening(v6, 4000, 9), size, Time(5));
            assert_eq!(cookies.size_of(&opening(v6, 4000, 9), cookie, Time(5)), Some(size));
        }
    }
}

#[test]
fn a_guess_is_good_once_in_millions() {
    let cookies = SynCookies::new(7);
    let mut guess = 1_u32;
    let good = (0..2_000_000)
        .filter(|_| {
            guess = guess.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            cookies.size_of(&opening(false, 4000, 9), guess, Time(PERIOD * 9)).is_some()
        })
        .count();
    assert!(good <= 1, "{good} of two million");
}

#[test]
fn what_a_syn_lacks_or_lies_about_is_taken_as_the_least() {
    let syn = |options: &[u8]| {
        let mut tcp = vec![0; 20];
        tcp.extend(options);
        tcp[12] = (tcp.len() as u8 / 4) << 4;
        tcp
    };
    let none = Offer { size: 536, scale: None, takes_sack: false, stamp: None };
    assert_eq!(Offer::of(&syn(&[]), false), none);
    assert_eq!(Offer::of(&syn(&[]), true), Offer { size: 1220, ..none });
    assert_eq!(Offer::of(&syn(&[2, 3, 5, 1, 3, 3, 200, 0]), false), Offer { scale: Some(14), ..none });
    assert_eq!(Offer::of(&syn(&[8, 0, 0, 0]), false), none);
}
