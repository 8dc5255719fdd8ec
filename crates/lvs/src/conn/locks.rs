//! Locks of slots. With the feature `shuttle` they are those of a scheduler that tries many orders of threads, for the test of the
//! table's protocol (`tests`); a program has parking_lot's.

#[cfg(not(feature = "shuttle"))]
mod real {
    use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};

    pub(crate) type Lock<T> = Mutex<T>;

    pub(crate) type Guard<'a, T> = MutexGuard<'a, T>;

    /// Content of a slot that is not empty, locked.
    pub(crate) type Filled<'a, T> = MappedMutexGuard<'a, T>;

    /// None where the slot is empty.
    pub(crate) fn filled<T>(guard: Guard<'_, Option<T>>) -> Option<Filled<'_, T>> {
        MutexGuard::try_map(guard, Option::as_mut).ok()
    }
}

#[cfg(feature = "shuttle")]
mod real {
    use std::ops::{Deref, DerefMut};
    use std::sync::PoisonError;

    pub(crate) type Guard<'a, T> = shuttle::sync::MutexGuard<'a, T>;

    #[derive(Debug)]
    pub(crate) struct Lock<T>(shuttle::sync::Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[derive(Debug)]
    pub(crate) struct Filled<'a, T>(Guard<'a, Option<T>>);

    pub(crate) fn filled<T>(guard: Guard<'_, Option<T>>) -> Option<Filled<'_, T>> {
        guard.is_some().then_some(Filled(guard))
    }

    impl<T> Deref for Filled<'_, T> {
        type Target = T;

        #[allow(clippy::expect_used, reason = "of a test")]
        fn deref(&self) -> &T {
            self.0.as_ref().expect("a filled slot")
        }
    }

    impl<T> DerefMut for Filled<'_, T> {
        #[allow(clippy::expect_used, reason = "of a test")]
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("a filled slot")
        }
    }
}

pub(super) use real::{Filled, Guard, Lock, filled};
