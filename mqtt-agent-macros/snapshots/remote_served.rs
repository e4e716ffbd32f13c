impl Bank for Savings {
    async fn balance(
        &self,
        account: AccountId,
        cx: &Context,
    ) -> Result<Money, BankError> {
        self.look_up(account, cx).await
    }
}
#[doc(hidden)]
impl ::mqtt_agent::__private::AgentImpl for Savings {
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::AgentImpl>::CARD,
        "savings",
    );
    const TOOLS: &'static [&'static ::mqtt_agent::__private::ToolDef] = <Self as Bank>::__REMOTE_ATTRIBUTE_ON_THE_TRAIT;
    const SKILLS: &'static [&'static ::mqtt_agent::__private::SkillDef] = &[];
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const HANDLERS: &'static [&'static ::mqtt_agent::__private::HandlerDef] = &[];
    const EVENTS: &'static [&'static ::mqtt_agent::__private::EventDef] = &[];
}
const _: () = <Savings as ::mqtt_agent::__private::Shareable>::SHARED;
::mqtt_agent::__private::inventory::submit! {
    ::mqtt_agent::__private::RegisteredAgent(::mqtt_agent::__private::AgentDef::new(<
    Savings as ::mqtt_agent::__private::AgentImpl > ::ID, < Savings as
    ::mqtt_agent::__private::AgentImpl > ::CARD, < Savings as
    ::mqtt_agent::__private::AgentImpl > ::TOOLS, < Savings as
    ::mqtt_agent::__private::AgentImpl > ::SKILLS, < Savings as
    ::mqtt_agent::__private::AgentImpl > ::HANDLERS, < Savings as
    ::mqtt_agent::__private::AgentImpl > ::EVENTS,))
}
