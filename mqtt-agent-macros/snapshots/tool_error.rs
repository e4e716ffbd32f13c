#[allow(deprecated)]
const _: () = {
    use ::mqtt_agent::__private::derived::{
        AnyError as _, AnyField as _, SaidByBox as _, SaidByDebug as _,
        SaidByDisplay as _, SaidByError as _, SaidNothing as _,
    };
    #[automatically_derived]
    impl ::mqtt_agent::__private::ToolError for BankError {
        fn message(&self) -> ::std::string::String {
            match *self {
                Self::NotFound { 0: ref __field_0, .. } => {
                    ::std::format!(
                        "no account `{field_0:}`; ask for another", field_0 = < String as
                        ::mqtt_agent::__private::derived::ForPeople >
                        ::printed(__field_0)
                    )
                }
                Self::Closed { .. } => ::std::borrow::ToOwned::to_owned("closed"),
                Self::Db { .. } => ::mqtt_agent::__private::derived::internal_message(),
            }
        }
        fn code(&self) -> ::core::option::Option<&::core::primitive::str> {
            match *self {
                Self::NotFound { .. } => ::core::option::Option::Some("no_account"),
                Self::Closed { .. } => ::core::option::Option::Some("closed"),
                Self::Db { .. } => {
                    ::core::option::Option::Some(
                        ::mqtt_agent::__private::ErrorCode::INTERNAL.code,
                    )
                }
            }
        }
        fn retry_after(&self) -> ::core::option::Option<::core::time::Duration> {
            match *self {
                Self::NotFound { .. } => ::core::option::Option::None,
                Self::Closed { wait: ref __field_0, .. } => {
                    <Duration as ::mqtt_agent::__private::derived::RetryAfter>::retry_after(
                        __field_0,
                    )
                }
                Self::Db { .. } => ::core::option::Option::None,
            }
        }
        fn data(
            &self,
        ) -> ::core::option::Option<
            ::std::boxed::Box<::mqtt_agent::__private::RawValue>,
        > {
            match *self {
                Self::NotFound { 0: ref __field_0, .. } => {
                    ::mqtt_agent::__private::derived::Data::list()
                        .item(
                            ::mqtt_agent::__private::derived::FieldOf::<String>::CODEC,
                            __field_0,
                        )
                        .end()
                }
                Self::Closed { wait: ref __field_0, .. } => {
                    ::mqtt_agent::__private::derived::Data::object()
                        .field(
                            "wait",
                            ::mqtt_agent::__private::derived::FieldOf::<Duration>::CODEC,
                            __field_0,
                        )
                        .end()
                }
                Self::Db { .. } => ::core::option::Option::None,
            }
        }
        fn codes() -> ::std::vec::Vec<::mqtt_agent::__private::ErrorCode> {
            ::mqtt_agent::__private::derived::codes(
                &[
                    ::mqtt_agent::__private::ErrorCode::new("no_account")
                        .with_message("no account `{0}`; ask for another")
                        .with_description("Nobody has an account of this name."),
                    ::mqtt_agent::__private::ErrorCode::new("closed")
                        .with_message("closed")
                        .with_retry(),
                    ::mqtt_agent::__private::ErrorCode::INTERNAL,
                ],
                &[],
            )
        }
        fn to_failure(&self) -> ::mqtt_agent::__private::Failure {
            match *self {
                Self::NotFound { .. } => ::mqtt_agent::__private::derived::failure(self),
                Self::Closed { .. } => ::mqtt_agent::__private::derived::failure(self),
                Self::Db { 0: ref __field_0, .. } => {
                    ::mqtt_agent::__private::derived::later(
                        ::mqtt_agent::__private::derived::internal(
                            "BankError::Db",
                            ::core::option::Option::None,
                            (&&&&&::mqtt_agent::__private::derived::Said(self)).said(),
                            &[
                                (
                                    "0",
                                    (&&&&&::mqtt_agent::__private::derived::Said(__field_0))
                                        .said(),
                                ),
                            ],
                        ),
                        ::mqtt_agent::__private::ToolError::retry_after(self),
                    )
                }
            }
        }
    }
    #[automatically_derived]
    impl ::mqtt_agent::__private::FromToolError for BankError {
        fn from_tool_error(
            __code: ::core::option::Option<&::core::primitive::str>,
            __message: &::core::primitive::str,
            __data: ::core::option::Option<&::mqtt_agent::__private::RawValue>,
        ) -> ::core::option::Option<Self> {
            let _ = (__message, __data);
            let __own = || -> ::core::option::Option<Self> {
                match __code {
                    ::core::option::Option::Some("no_account") => {
                        let __fields = ::mqtt_agent::__private::derived::Fields::list(
                            __data,
                        )?;
                        ::core::option::Option::Some(Self::NotFound {
                            0: __fields
                                .item(
                                    ::mqtt_agent::__private::derived::FieldOf::<String>::CODEC,
                                    0usize,
                                )?,
                        })
                    }
                    ::core::option::Option::Some("closed") => {
                        let __fields = ::mqtt_agent::__private::derived::Fields::object(
                            __data,
                        )?;
                        ::core::option::Option::Some(Self::Closed {
                            wait: __fields
                                .field(
                                    ::mqtt_agent::__private::derived::FieldOf::<
                                        Duration,
                                    >::CODEC,
                                    "wait",
                                )?,
                        })
                    }
                    _ => ::core::option::Option::None,
                }
            };
            __own()
        }
    }
};
