//! Filling several parameters in one call. This code is compiled once per combination of types, not for each handler.

use super::{ArgumentError, Call};

macro_rules! tuple {
    ($($take:ident: $($value:ident $name:ident),+;)+) => {
        impl<'a> Call<'a> {
            $(
                /// Fills several parameters, like [`take`](Self::take). All are taken before the result is checked, so
                /// that one answer lists every error. For generated code.
                #[doc(hidden)]
                #[allow(non_snake_case, clippy::too_many_arguments)]
                pub fn $take<$($value),+>(
                    &mut self,
                    $(
                        $value: fn(&mut Self, &'static str) -> Result<$value, ArgumentError>,
                        $name: &'static str,
                    )+
                ) -> Option<($($value),+)> {
                    let ($(Some($value)),+) = ($(self.take($value, $name)),+) else { return None };
                    Some(($($value),+))
                }
            )+
        }
    };
}

// `MOST` of the macros is the last of these.
tuple! {
    take_2: A a, B b;
    take_3: A a, B b, C c;
    take_4: A a, B b, C c, D d;
    take_5: A a, B b, C c, D d, E e;
    take_6: A a, B b, C c, D d, E e, F f;
    take_7: A a, B b, C c, D d, E e, F f, G g;
    take_8: A a, B b, C c, D d, E e, F f, G g, H h;
}
