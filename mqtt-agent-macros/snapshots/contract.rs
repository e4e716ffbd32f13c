#[test]
fn contract() {
    ::mqtt_agent::__private::check_contract(
        ::core::env!("CARGO_MANIFEST_DIR"),
        "contract.json",
        &[::mqtt_agent::__private::agent_def::<Keeper<Memory>>()],
    );
}
