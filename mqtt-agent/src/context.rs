//! What a handler can know about the call that it answers.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::param::{ArgumentError, Call, Need, Param};

/// The values that handlers take as `State<T>`, one for each type.
#[derive(Clone, Default)]
pub(crate) struct States(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl States {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.0.insert(TypeId::of::<T>(), Arc::new(value));
    }

    pub(crate) fn get<T: 'static>(&self) -> Option<&T> {
        self.0.get(&TypeId::of::<T>())?.downcast_ref()
    }

    pub(crate) fn has(&self, type_id: TypeId) -> bool {
        self.0.contains_key(&type_id)
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "States({})", self.0.len())
    }
}

/// Who says that they call. A claim, never proof (`SUB-7`): only the broker's access rules can bind it to an identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller(Arc<str>);

impl Caller {
    pub(crate) fn new(claim: &str) -> Self {
        Self(claim.into())
    }

    /// The client id that the caller claims.
    #[must_use]
    pub fn claim(&self) -> &str {
        &self.0
    }
}

impl<'a> Param<'a> for Caller {
    const NEED: Need = Need::Nothing;

    fn take(call: &mut Call<'a>, _: &'static str) -> Result<Self, ArgumentError> {
        Ok(call.context().caller.clone())
    }
}

/// What is known about a call.
#[derive(Debug)]
pub struct Context {
    caller: Caller,
    states: Arc<States>,
}

impl Context {
    pub(crate) fn new(caller: Caller, states: Arc<States>) -> Self {
        Self { caller, states }
    }

    /// Who says that they call.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// A value of the agent's state, if one of this type was given.
    #[must_use]
    pub fn state<T: 'static>(&self) -> Option<&T> {
        self.states.get()
    }
}
