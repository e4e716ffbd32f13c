/// Accounts.
pub trait Bank: ::core::marker::Sized + ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Balance of an account.
    fn balance(
        &self,
        account: AccountId,
        cx: &Context,
    ) -> impl ::core::future::Future<
        Output = Result<Money, BankError>,
    > + ::core::marker::Send;
    #[doc(hidden)]
    const __REMOTE_ATTRIBUTE_ON_THE_TRAIT: &'static [&'static ::mqtt_agent::__private::ToolDef] = &[
        &{
            use ::mqtt_agent::__private as __mqtt_agent;
            use __mqtt_agent::{AnyRoot as _, PlainReply as _};
            let __tool = ::mqtt_agent::__private::ToolDef::answering(
                "bank.balance",
                "Balance of an account.",
                &[
                    __mqtt_agent::ArgDef::new(
                        "account",
                        "",
                        <AccountId as __mqtt_agent::Param<'_>>::NEED,
                    ),
                    __mqtt_agent::ArgDef::new(
                        "cx",
                        "",
                        <Context as __mqtt_agent::BorrowedParam>::NEED,
                    ),
                ],
                __mqtt_agent::output(
                    __mqtt_agent::ReplyOf::<Result<Money, BankError>>::PARTS,
                    __mqtt_agent::Reply::DESCRIBED,
                ),
                __mqtt_agent::Handler::Async(|call| match (
                    call.instance::<Self>(),
                    call
                        .take_2(
                            <AccountId as __mqtt_agent::Param<'_>>::take,
                            "account",
                            <Context as __mqtt_agent::BorrowedParam>::take,
                            "cx",
                        ),
                ) {
                    (
                        ::core::option::Option::Some(__argument_0),
                        ::core::option::Option::Some((__argument_1, __argument_2)),
                    ) => {
                        ::core::result::Result::Ok(
                            __mqtt_agent::run(
                                <Self as Bank>::balance(
                                    __argument_0,
                                    __argument_1,
                                    __argument_2,
                                ),
                                __mqtt_agent::ReplyOf::<Result<Money, BankError>>::PARTS,
                                __mqtt_agent::Reply::ANSWERED,
                                __mqtt_agent::ToolError::into_failure,
                            ),
                        )
                    }
                    _ => ::core::result::Result::Err(__mqtt_agent::Refused),
                }),
                __mqtt_agent::Location::new(::core::file!(), ::core::line!()),
            );
            __mqtt_agent::check_parameter(
                __tool.args(),
                0usize,
                true,
                __mqtt_agent::RootOf::<AccountId>::ROOT,
            );
            __mqtt_agent::check_parameter(
                __tool.args(),
                1usize,
                true,
                __mqtt_agent::RootOf::<&Context>::ROOT,
            );
            __tool
                .error_codes(
                    &__mqtt_agent::codes(
                        __mqtt_agent::ReplyOf::<Result<Money, BankError>>::PARTS,
                        __mqtt_agent::ToolError::codes_of,
                    ),
                )
                .read_only(true)
        },
    ];
}
///Calls the tools of [`Bank`], wherever they are served.
#[derive(::core::fmt::Debug, ::core::clone::Clone)]
pub struct BankRemote {
    client: ::mqtt_agent::__private::Client,
}
impl BankRemote {
    /// Calls over this client's connection. In a handler give it `Context::client()`: the calls then end with the
    /// handler.
    #[must_use]
    pub fn new(client: &::mqtt_agent::__private::Client) -> Self {
        Self {
            client: ::core::clone::Clone::clone(client),
        }
    }
    /// Balance of an account.
    pub fn balance(
        &self,
        account: AccountId,
    ) -> ::mqtt_agent::__private::RemoteCall<Result<Money, BankError>> {
        let arguments = <::mqtt_agent::__private::RemoteArguments as ::core::default::Default>::default();
        ::mqtt_agent::__private::RemoteCall::new(
            &self.client,
            "bank.balance",
            arguments
                .with(
                    "account",
                    &account,
                    <AccountId as ::mqtt_agent::__private::Sent>::add,
                ),
        )
    }
}
const _: () = {
    <Result<Money, BankError> as ::mqtt_agent::__private::RemoteReply>::IS_ONE
};
