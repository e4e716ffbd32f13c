#[::core::prelude::v1::test]
fn adds() -> Result<(), CallError> {
    async fn adds(agent: TestAgent, client: Client) -> Result<(), CallError> {
        agent.call("add", client.id()).await.map(drop)
    }
    ::mqtt_agent::__private::testing::run(
        "adds",
        10000u64,
        async {
            {
                let __agent: ::mqtt_agent::__private::Agent = Agent::of(Home);
                __agent
            }
        },
        |__agent: ::mqtt_agent::__private::testing::TestAgent| async move {
            ::core::result::Result::<
                Result<(), CallError>,
                ::std::boxed::Box<
                    dyn ::std::error::Error + ::core::marker::Send + ::core::marker::Sync,
                >,
            >::Ok(
                adds(
                        <TestAgent as ::mqtt_agent::__private::testing::FromTest>::boxed_from_test(
                                &__agent,
                            )
                            .await?,
                        <Client as ::mqtt_agent::__private::testing::FromTest>::boxed_from_test(
                                &__agent,
                            )
                            .await?,
                    )
                    .await,
            )
        },
    )
}
