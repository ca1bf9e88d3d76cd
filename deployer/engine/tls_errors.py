"""Why no TLS connection came about: which side does not trust which file, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass

from deployer.engine.locate import Location
from deployer.errors import Diagnostic

_ISSUER = "ca.pem must hold the authority that signed the engine's certificate"
_CLIENT = "cert.pem must be there, valid, and signed by the authority that the engine was given (dockerd --tlscacert)"


@dataclass(frozen=True, slots=True)
class Reason:
    """What OpenSSL's words (any of `words`, in lower case) mean here."""

    words: tuple[str, ...]
    message: str
    hint: str


REASONS = (
    Reason(
        ("hostname mismatch", "ip address mismatch", "doesn't match"),
        "its certificate is for another name",
        "use the name that is in it, or have one made for this address (subjectAltName)",
    ),
    Reason(("certificate has expired",), "its certificate has expired", "have a new one made for the engine"),
    Reason(
        ("certificate is not yet valid",),
        "its certificate is not valid yet",
        "are the clocks right, here and there? Else have a new one made for the engine",
    ),
    Reason(
        ("certificate verify failed", "unable to get local issuer", "self-signed", "self signed"),
        "its certificate is signed by nobody who is trusted here",
        _ISSUER,
    ),
    Reason(("alert certificate expired",), "it says that your certificate has expired", "have a new cert.pem made"),
    Reason(("certificate required",), "it wants a certificate from you, which was not given", _CLIENT),
    Reason(
        ("alert bad certificate", "alert unknown ca", "alert certificate unknown", "alert access denied"),
        "it does not accept your certificate, or got none",
        _CLIENT,
    ),
    Reason(
        ("wrong version number", "record layer failure", "http request", "packet length too long"),
        "what is there does not speak TLS",
        "take DOCKER_TLS_VERIFY, DOCKER_TLS or the context's TLS away, or use the port that speaks it (mostly 2376)",
    ),
)


def is_about_tls(cause: BaseException) -> bool:
    """Whether an exception is TLS's own, or urllib3's about the name in a certificate."""
    import ssl

    from urllib3.util.ssl_match_hostname import CertificateError

    return isinstance(cause, ssl.SSLError | CertificateError)


def wrong_tls(location: Location, cause: BaseException) -> Diagnostic:
    """A handshake that failed, or what the engine said of our certificate right after it."""
    said = str(cause).lower().replace("_", " ")
    for reason in REASONS:
        if any(words in said for words in reason.words):
            message = f"no TLS connection to the Docker engine at {location.url}: {reason.message}"
            return Diagnostic("engine-tls", message, hint=f"{reason.hint}; {_files(location)}", notes=(_words(cause),))
    message = f"no TLS connection to the Docker engine at {location.url}: {_words(cause)}"
    hint = f"the files must fit the engine's; {_files(location)}"
    return Diagnostic("engine-tls", message, hint=hint)


def needs_tls(location: Location) -> Diagnostic:
    """An engine that speaks TLS was asked without."""
    message = f"the Docker engine at {location.url} speaks TLS, and was asked without"
    hint = "set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem"
    return Diagnostic("engine-tls", message, hint=hint)


def _words(cause: BaseException) -> str:
    return getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or str(cause)


def _files(location: Location) -> str:
    tls = location.tls
    used = [str(path) for path in (tls.ca, tls.cert, tls.key) if path] if tls else []
    return f"in use: {', '.join(used)}" if used else "no files of yours are in use"
