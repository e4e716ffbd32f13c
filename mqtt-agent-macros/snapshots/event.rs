/// A room is too warm.
pub fn alarm(payload: &Alarm) -> AlarmEvent {
    let definition: &'static ::mqtt_agent::__private::EventDef = {
        static __DEFINITION: ::mqtt_agent::__private::EventDef = ::mqtt_agent::__private::EventDef::new(
                "alarm",
                "A room is too warm.",
                ::mqtt_agent::__private::TopicDef::new(
                    "home/{room}/alarm",
                    "home/+/alarm",
                    &[
                        ::mqtt_agent::__private::PlaceholderDef::new(
                            "room",
                            1usize,
                            false,
                        ),
                    ],
                ),
                ::core::option::Option::Some(
                    <Alarm as ::mqtt_agent::__private::EventPayload>::schema,
                ),
                ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
            )
            .retain(true);
        ::mqtt_agent::__private::inventory::submit! {
            ::mqtt_agent::__private::RegisteredEvent(& __DEFINITION)
        }
        &__DEFINITION
    };
    AlarmEvent {
        draft: ::mqtt_agent::__private::Draft::new(
            definition,
            <Alarm as ::mqtt_agent::__private::EventPayload>::encode(payload),
        ),
        set: ::core::marker::PhantomData,
    }
}
///An event for `home/{room}/alarm` that is not published yet: set each placeholder, then publish.
#[must_use = "an event is sent by `.publish(&client)`"]
pub struct AlarmEvent<__P0 = ::mqtt_agent::__private::Unset> {
    draft: ::mqtt_agent::__private::Draft,
    set: ::core::marker::PhantomData<(__P0,)>,
}
impl AlarmEvent<::mqtt_agent::__private::Unset> {
    ///Sets the placeholder `{room}` of the topic.
    #[must_use]
    pub fn room(self, value: &str) -> AlarmEvent<::mqtt_agent::__private::Set> {
        AlarmEvent {
            draft: self.draft.with("room", &value),
            set: ::core::marker::PhantomData,
        }
    }
}
impl<__P0> AlarmEvent<__P0> {
    /// How long to wait. Default: the client's timeout, 30 s.
    pub fn timeout(mut self, timeout: ::core::time::Duration) -> Self {
        self.draft = self.draft.timeout(timeout);
        self
    }
    /// Publishes the event, and waits until the broker has it.
    ///
    /// # Errors
    ///
    /// When a placeholder's value is no level of a topic, the payload is no JSON, or the broker does not take it.
    pub fn publish(
        self,
        client: &::mqtt_agent::__private::Client,
    ) -> ::mqtt_agent::__private::Publishing
    where
        __P0: ::mqtt_agent::__private::IsSet,
    {
        self.draft.publish(client)
    }
}
impl<__P0> ::core::fmt::Debug for AlarmEvent<__P0> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.draft, f)
    }
}
