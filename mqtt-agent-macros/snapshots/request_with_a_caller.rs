fn status(room: String, caller: Caller) -> Result<Status, String> {
    look_up(room, caller)
}
#[doc(hidden)]
const fn __put_on_or_request_above_status_or_write_its_full_path() -> &'static ::mqtt_agent::__private::HandlerDef {
    static __DEFINITION: ::mqtt_agent::__private::HandlerDef = {
        use ::mqtt_agent::__private::PlainReply as _;
        let handler = ::mqtt_agent::__private::HandlerDef::new(
            ::mqtt_agent::__private::HandlerKind::Request,
            "status",
            "",
            ::mqtt_agent::__private::TopicDef::new(
                "home/{room}/get",
                "home/+/get",
                &[::mqtt_agent::__private::PlaceholderDef::new("room", 1usize, false)],
            ),
            &[
                ::mqtt_agent::__private::ArgDef::new(
                    "caller",
                    "",
                    <Caller as ::mqtt_agent::__private::Param<'_>>::NEED,
                ),
            ],
            ::mqtt_agent::__private::schema(
                ::mqtt_agent::__private::ReplyOf::<Result<Status, String>>::PARTS,
                ::mqtt_agent::__private::Reply::DESCRIBED,
            ),
            ::mqtt_agent::__private::Handler::Inline({
                fn __handle<'__call, __Any>(
                    call: &mut ::mqtt_agent::__private::Call<'__call>,
                ) -> ::core::result::Result<
                    ::mqtt_agent::__private::Answer,
                    ::mqtt_agent::__private::Refused,
                > {
                    match (
                        call
                            .level(
                                <String as ::mqtt_agent::__private::FromTopicLevel>::read,
                                "room",
                            ),
                        call
                            .take(
                                <Caller as ::mqtt_agent::__private::Param<'_>>::take,
                                "caller",
                            ),
                    ) {
                        (
                            ::core::option::Option::Some(__argument_0),
                            ::core::option::Option::Some(__argument_1),
                        ) => {
                            ::core::result::Result::Ok(
                                ::mqtt_agent::__private::answer(
                                    status(__argument_0, __argument_1),
                                    ::mqtt_agent::__private::ReplyOf::<
                                        Result<Status, String>,
                                    >::PARTS,
                                    ::mqtt_agent::__private::Reply::ANSWERED,
                                    ::mqtt_agent::__private::ToolError::into_failure,
                                ),
                            )
                        }
                        _ => {
                            ::core::result::Result::Err(::mqtt_agent::__private::Refused)
                        }
                    }
                }
                __handle::<()>
            }),
            ::mqtt_agent::__private::Location::new(::core::file!(), ::core::line!()),
        );
        ::mqtt_agent::__private::check_message(&handler, 0usize, true);
        handler
            .error_codes(
                &::mqtt_agent::__private::codes(
                    ::mqtt_agent::__private::ReplyOf::<Result<Status, String>>::PARTS,
                    ::mqtt_agent::__private::ToolError::codes_of,
                ),
            )
    };
    ::mqtt_agent::__private::inventory::submit! {
        ::mqtt_agent::__private::RegisteredHandler(& __DEFINITION,
        ::core::option_env!("CARGO_PKG_NAME"))
    }
    &__DEFINITION
}
///Asks on `home/{room}/get`: set each placeholder of the topic, then send.
fn status_request() -> StatusRequest {
    const __TOPIC: ::mqtt_agent::__private::TopicDef = ::mqtt_agent::__private::TopicDef::new(
        "home/{room}/get",
        "home/+/get",
        &[::mqtt_agent::__private::PlaceholderDef::new("room", 1usize, false)],
    );
    StatusRequest {
        draft: ::mqtt_agent::__private::Ask::empty(__TOPIC),
        set: ::core::marker::PhantomData,
    }
}
///Asks on `home/{room}/get`: set each placeholder of the topic, then send.
#[must_use = "a request is sent by `.send(&client)`"]
struct StatusRequest<__P0 = ::mqtt_agent::__private::Unset> {
    draft: ::mqtt_agent::__private::Ask,
    set: ::core::marker::PhantomData<(__P0,)>,
}
impl StatusRequest<::mqtt_agent::__private::Unset> {
    ///Sets the placeholder `{room}` of the topic.
    #[must_use]
    fn room(self, value: String) -> StatusRequest<::mqtt_agent::__private::Set> {
        StatusRequest {
            draft: self.draft.with("room", &value),
            set: ::core::marker::PhantomData,
        }
    }
}
impl<__P0> StatusRequest<__P0> {
    /// How long to wait. Default: the client's timeout, 30 s.
    fn timeout(mut self, timeout: ::core::time::Duration) -> Self {
        self.draft = self.draft.timeout(timeout);
        self
    }
    /// Sends the request, and waits for the answer.
    ///
    /// # Errors
    ///
    /// The handler's own error, or that the request or its answer did not arrive.
    fn send(
        self,
        client: &::mqtt_agent::__private::Client,
    ) -> ::mqtt_agent::__private::Asking<Result<Status, String>>
    where
        __P0: ::mqtt_agent::__private::IsSet,
    {
        self.draft.send(client)
    }
}
impl<__P0> ::core::fmt::Debug for StatusRequest<__P0> {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Debug::fmt(&self.draft, f)
    }
}
const _: () = <Result<Status, String> as ::mqtt_agent::__private::RemoteReply>::IS_ONE;
