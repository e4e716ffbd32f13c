impl Home {
    /// Heats.
    fn heat(&self) {}
}
#[doc(hidden)]
impl ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart for Home {
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::CARD,
        "home",
    );
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const BLOCKS: &'static [::mqtt_agent::__private::BlockDef] = &[
        ::mqtt_agent::__private::BlockDef {
            claimed: true,
            tools: &[
                &{
                    use ::mqtt_agent::__private as __mqtt_agent;
                    use __mqtt_agent::{AnyRoot as _, PlainReply as _};
                    let __tool = ::mqtt_agent::__private::ToolDef::answering(
                        "heat",
                        "Heats.",
                        &[],
                        __mqtt_agent::output(
                            __mqtt_agent::ReplyOf::<()>::PARTS,
                            __mqtt_agent::Reply::DESCRIBED,
                        ),
                        __mqtt_agent::Handler::Inline(|call| match call
                            .instance::<Self>()
                        {
                            ::core::option::Option::Some(__argument_0) => {
                                ::core::result::Result::Ok(
                                    __mqtt_agent::answer(
                                        Self::heat(__argument_0),
                                        __mqtt_agent::ReplyOf::<()>::PARTS,
                                        __mqtt_agent::Reply::ANSWERED,
                                        __mqtt_agent::ToolError::into_failure,
                                    ),
                                )
                            }
                            ::core::option::Option::None => {
                                ::core::result::Result::Err(__mqtt_agent::Refused)
                            }
                        }),
                        __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
                    );
                    __tool
                        .error_codes(
                            &__mqtt_agent::codes(
                                __mqtt_agent::ReplyOf::<()>::PARTS,
                                __mqtt_agent::ToolError::codes_of,
                            ),
                        )
                },
            ],
            skills: &[],
            handlers: &[],
            events: &[],
        },
        <Self as ::mqtt_agent::__private::AgentPart<2752082652768968188u64>>::BLOCK,
    ];
}
#[doc(hidden)]
impl ::mqtt_agent::__private::ListsPart<2752082652768968188u64> for Home {}
const _: () = <Home as ::mqtt_agent::__private::Shareable>::SHARED;
const _: () = ::mqtt_agent::__private::check_id(
    <Home as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::CARD,
    "home",
);
::mqtt_agent::__private::inventory::submit! {
    ::mqtt_agent::__private::RegisteredAgent(::mqtt_agent::__private::AgentDef::new(<
    Home as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::ID, < Home as
    ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::CARD, < Home as
    ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::BLOCKS,))
}
const _: () = ::mqtt_agent::__private::BlockDef::assert_new_part(
    <Home as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::BLOCKS,
    1usize,
);
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_heat_is_taken_write_another_one {
        () => {};
    }
};
impl Home {
    /// Cools.
    fn cool(&self) {}
}
#[doc(hidden)]
impl ::mqtt_agent::__private::AgentPart<2752082652768968188u64> for Home {
    const LISTED: () = <Self as ::mqtt_agent::__private::ListsPart<
        2752082652768968188u64,
    >>::LISTED;
    const BLOCK: ::mqtt_agent::__private::BlockDef = ::mqtt_agent::__private::BlockDef {
        claimed: true,
        tools: &[
            &{
                use ::mqtt_agent::__private as __mqtt_agent;
                use __mqtt_agent::{AnyRoot as _, PlainReply as _};
                let __tool = ::mqtt_agent::__private::ToolDef::answering(
                    "cool",
                    "Cools.",
                    &[],
                    __mqtt_agent::output(
                        __mqtt_agent::ReplyOf::<()>::PARTS,
                        __mqtt_agent::Reply::DESCRIBED,
                    ),
                    __mqtt_agent::Handler::Inline(|call| match call.instance::<Self>() {
                        ::core::option::Option::Some(__argument_0) => {
                            ::core::result::Result::Ok(
                                __mqtt_agent::answer(
                                    Self::cool(__argument_0),
                                    __mqtt_agent::ReplyOf::<()>::PARTS,
                                    __mqtt_agent::Reply::ANSWERED,
                                    __mqtt_agent::ToolError::into_failure,
                                ),
                            )
                        }
                        ::core::option::Option::None => {
                            ::core::result::Result::Err(__mqtt_agent::Refused)
                        }
                    }),
                    __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
                );
                __tool
                    .error_codes(
                        &__mqtt_agent::codes(
                            __mqtt_agent::ReplyOf::<()>::PARTS,
                            __mqtt_agent::ToolError::codes_of,
                        ),
                    )
            },
        ],
        skills: &[],
        handlers: &[],
        events: &[],
    };
}
const _: () = {
    #[doc(hidden)]
    #[allow(non_local_definitions)]
    #[macro_export]
    macro_rules! __tool_name_cool_is_taken_write_another_one {
        () => {};
    }
};
