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
impl ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart for Savings {
    const ID: &'static str = ::mqtt_agent::__private::id_of(
        <Self as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart>::CARD,
        "savings",
    );
    const CARD: ::core::option::Option<&'static ::mqtt_agent::__private::CardDef> = {
        use ::mqtt_agent::__private::NoCard as _;
        ::mqtt_agent::__private::CardOf::<Self>::CARD
    };
    const BLOCKS: &'static [::mqtt_agent::__private::BlockDef] = &[
        ::mqtt_agent::__private::BlockDef {
            claimed: false,
            tools: <Self as Bank>::__REMOTE_ATTRIBUTE_ON_THE_TRAIT,
            skills: &[],
            handlers: &[],
            events: &[],
        },
    ];
}
const _: () = <Savings as ::mqtt_agent::__private::Shareable>::SHARED;
::mqtt_agent::__private::inventory::submit! {
    ::mqtt_agent::__private::RegisteredAgent(::mqtt_agent::__private::AgentDef::new(<
    Savings as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::ID, < Savings
    as ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::CARD, < Savings as
    ::mqtt_agent::__private::OnlyOneAgentBlockIsWithoutPart > ::BLOCKS,))
}
