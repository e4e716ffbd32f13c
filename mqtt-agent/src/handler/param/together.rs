//! Several parameters in one call: what stands here is compiled once for their types, and not in each handler.

use super::{ArgumentError, Call};

macro_rules! together {
    ($($take:ident: $($value:ident $name:ident),+;)+) => {
        impl<'a> Call<'a> {
            $(
                /// Fills some parameters, as [`take`](Self::take) fills one. All are taken before any is looked at, so
                /// that one answer names every refused argument. Used by generated code.
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
together! {
    take_2: A a, B b;
    take_3: A a, B b, C c;
    take_4: A a, B b, C c, D d;
    take_5: A a, B b, C c, D d, E e;
    take_6: A a, B b, C c, D d, E e, F f;
    take_7: A a, B b, C c, D d, E e, F f, G g;
    take_8: A a, B b, C c, D d, E e, F f, G g, H h;
}
