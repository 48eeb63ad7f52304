"""The names of arguments and keys whose values are secret: the default of TASK_TRACKER_REDACT.

Names are matched word by word. ``cardPin``, ``card-pin`` and ``CARD_PIN`` are all ``card_pin``
here. In the lists below ``_`` stands for the border between two words of a name, which may also be
written without one: ``api_key`` stands for ``apiKey`` and ``apikey`` too. Every entry matches with
a plural ``s``, with a number behind it, and beside other words, unless they make it harmless.
"""

from __future__ import annotations

#: Passwords. A name that ends with one of these is secret too: ``userpassword``.
_WORDS_AND_ENDINGS = (
    "password", "passwd", "pwd", "passphrase", "passcode", "token", "apikey", "apisecret",
    "sessionid", "sessid",
    # Password in other languages
    "passwort", "kennwort", "wachtwoord", "lösenord", "losenord", "passord", "adgangskode",
    "salasana", "contraseña", "contrasena", "mot_?de_?passe", "пароль",
)  # fmt: skip

#: What is secret as a word or some words of a name.
_WORDS = (
    # Passwords
    "pass_phrase", "pass_code", "pass_key",
    "(?:db|sql|mysql|postgres|pg|mongo|redis|rabbit|rabbitmq|amqp|broker|user|account|smtp|imap|mail|"
    "email|ftp|sftp|ssh|sudo|root|admin|login|ldap|vpn|wifi|proxy|http|server|key|cert|old|new|"
    "current|confirm|temp)_pass",
    "pw", "secret", "credential", "cred", "psk",
    "client_secret", "app_secret", "consumer_secret", "shared_secret", "webhook_secret",
    "mdp", "senha", "hasło", "haslo", "heslo", "jelszó", "jelszo", "lozinka", "şifre", "sifre",
    "گذرواژه", "رمز_عبور", "密码", "密碼", "パスワード", "비밀번호",
    # Codes that somebody types in
    "(?:card|user|sim|login|account|security|old|new|debit|atm|bank|phone|device|door|access|unlock)_pin",
    "pin_(?:code|number|hash|block)", "puk", "[th]?otp", "(?:otp|mfa|2fa|totp|tan)_(?:code|seed)",
    "(?:one_time|verification|security|auth|authorization|authorisation|access|activation|"
    "confirmation|recovery|backup|reset|login|sms|unlock|two_factor|invite|invitation|pairing)_code",
    "security_answer", "maiden_name",
    # Sessions and what a request is authorized by
    "jwt", "bearer", "authorization", "authorisation", "cookie", "csrf", "xsrf", "csrfmiddleware",
    "(?:basic|proxy|http|digest|bearer|user|api)_auth", "auth_(?:header|data|info|string)",
    "session_(?:id|key|data)", "(?:user|auth|login|http|web|browser|django|php)_session",
    "php_?sess_id", "j_?session_id",
    "code_verifier", "oauth_verifier", "client_assertion", "saml_(?:response|request|assertion)",
    "(?:github|gitlab|azure|bitbucket|jira)_pat",
    # Addresses and signatures that let in whoever has them
    "(?:magic|reset|activation|verification|confirmation|invite|invitation)_(?:link|url)",
    "webhook_(?:url|uri)", "(?:incoming|slack|discord|teams)_webhook",
    "sas_(?:url|uri|string|key)", "shared_access_signature",
    "(?:amz|goog|request|payload|webhook|hub|hmac|url)_signature",
    # Keys
    "(?:api|app|access|private|secret|ssh|ssl|tls|rsa|dsa|ecdsa|ed25519|pgp|gpg|aes|hmac|sign|signing|"
    "signature|pre_?shared|encryption|encrypt|decryption|cipher|crypto|master|root|auth|authentication|service|"
    "service_account|shared|session|account|client|server|consumer|webhook|deploy|license|licence|"
    "activation|recovery|unlock|subscription|host|vapid|wallet|fernet|security|token|cert|"
    "certificate|device|azure|azure_storage|gcp|aws|google|openai|anthropic|stripe|paypal|twilio|"
    "sendgrid|mailgun|github|gitlab|firebase|cloudflare|datadog)_key",
    "private_pem", "keystore", "key_store", "pkcs12", "pfx", "seed_phrase", "recovery_phrase",
    "wallet_seed", "mnemonic", "(?:password|hash|crypto)_salt",
    # Addresses of servers that hold a password
    "dsn", "connection_string", "conn_(?:str|string)",
    # Cards and bank accounts
    "credit_card", "debit_card",
    "(?:credit_?|debit_?)?(?:card|cc)_(?:number|num|no|code|exp|expiry|expiration)",
    "(?:card|cc)_(?:cvv|cvc|cvn|csc)", "cvv2?", "cvc2?", "cvn", "ccv", "card_pan", "pan_number",
    "primary_account_number", "track_data", "iban",
    "(?:account|acct|bank|bank_account|routing)_(?:number|num|no)", "sort_code",
    # Numbers that the state gives to people
    "ssn", "social_security(?:_(?:number|num|no))?", "social_insurance_number",
    "(?:passport|national_insurance|national_id|identity_card|tax_file|tax_identification|taxpayer|"
    "driver_?s?_licen[cs]e|driving_licen[cs]e)_(?:number|num|no|id)",
    "national_id", "passport_no", "nino", "pesel", "aadhaar", "curp", "cpf", "bsn",
)  # fmt: skip

#: Secret only as the whole name.
_WHOLE_NAMES = (
    "pass", "pin", "pan", "auth", "session", "tan", "pem", "mfa", "2fa", "sid", "pat", "sas", "sig",
    "signature",
)  # fmt: skip

#: How a name begins that describes a secret but does not hold it: ``has_password``.
_HARMLESS_BEGINNINGS = ("has", "is", "needs?", "requires?", "max", "min", "num", "total")

#: What may follow the secret word in such a name: ``password_changed_at``.
_HARMLESS_ENDINGS = (
    "counts?", "length", "limit", "size", "type", "name", "policy", "required", "enabled",
    "expired", "expires", "expires_in", "(?:[a-z]+_)?at", "ttl", "age", "max_age", "consent",
    "banner", "strength", "usage", "budget", "cost", "price",
)  # fmt: skip

#: Whole names that are harmless: what language models count, and switches.
_HARMLESS_NAMES = (
    "(?:prompt|completion|input|output|used|cached|reasoning)_tokens", "tokens_used",
    "(?:accept|allow)_(?:cookies|credentials)",
)  # fmt: skip


def _pattern(entries: tuple[str, ...], before: str) -> str:
    """A regular expression for ``entries``; ``before``: what may stand before one of them."""
    unless = rf"(?!(?:{'|'.join(_HARMLESS_BEGINNINGS)})_|(?:{'|'.join(_HARMLESS_NAMES)})$)"
    names = "|".join(entry.replace("_?", "_").replace("_", "_?") for entry in entries)
    unless_about_it = rf"(?!\d*_(?:{'|'.join(_HARMLESS_ENDINGS)})$)"
    return rf"^{unless}{before}(?:{names})s?(?![a-z]){unless_about_it}"


#: The setting's default: regular expressions for names in snake case.
SECRET_NAMES = (
    _pattern(_WORDS_AND_ENDINGS, before=".*"),
    _pattern(_WORDS, before="(?:.*[^a-z])?"),
    rf"^(?:{'|'.join(_WHOLE_NAMES)})s?\d*$",
)
