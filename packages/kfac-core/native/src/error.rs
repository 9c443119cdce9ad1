//! Errors as JavaScript sees them: an `Error` whose `code` is the status string.

/// The stable codes; the façade turns them into `KfacError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KfacStatus {
    Shape,
    Dtype,
    Alias,
    NotPositiveDefinite,
    NoConvergence,
    Cancelled,
    Internal,
}

impl AsRef<str> for KfacStatus {
    fn as_ref(&self) -> &str {
        match self {
            Self::Shape => "KFAC_SHAPE",
            Self::Dtype => "KFAC_DTYPE",
            Self::Alias => "KFAC_ALIAS",
            Self::NotPositiveDefinite => "KFAC_NOT_POSITIVE_DEFINITE",
            Self::NoConvergence => "KFAC_NO_CONVERGENCE",
            Self::Cancelled => "KFAC_CANCELLED",
            Self::Internal => "KFAC_INTERNAL",
        }
    }
}

/// What every fallible kernel and every export returns as its error.
pub type KfacError = napi::Error<KfacStatus>;

/// An error of that status with a message that says what was expected and what came.
pub fn kfac(status: KfacStatus, message: impl Into<String>) -> KfacError {
    napi::Error::new(status, message.into())
}

/// Fails with `KFAC_SHAPE` unless `got == expected`.
pub fn expect_len(what: &str, got: usize, expected: usize) -> Result<(), KfacError> {
    if got == expected {
        return Ok(());
    }
    Err(kfac(
        KfacStatus::Shape,
        format!("expected {expected} numbers in {what}, got {got}"),
    ))
}

/// `a·b`, or `KFAC_SHAPE` if it does not fit.
pub fn checked_mul(a: usize, b: usize) -> Result<usize, KfacError> {
    a.checked_mul(b)
        .ok_or_else(|| kfac(KfacStatus::Shape, format!("{a}×{b} numbers are too many")))
}
