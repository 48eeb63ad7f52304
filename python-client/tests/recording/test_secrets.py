"""Which names are secret by default, and which parts of a text."""

import pytest

from celery_task_tracker.recording.secrets import is_secret, without_secrets

SECRET = """
    password user_password newPassword passwd db_pwd SECRET_KEY access-token api_key apikey
    X-API-Key Authorization credit_card creditCardNumber cvv card_cvv ssh_key signing_key otp
    pin jwt bearer session passcode dsn ssn account_number userpassword dbPassword passwordHash
    password1 password_2 old_pass smtp_pass passphrase pass pw client_secret clientsecret
    appSecret webhook_secret shared_secret secret_access_key aws_secret_access_key
    aws_access_key_id AWS_SECRET_ACCESS_KEY stripeSecretKey token tokens authToken accesstoken
    refresh_token id_token csrf_token csrfmiddlewaretoken X-CSRFToken bot_token slack_token_id
    reset_token device_tokens oauth_token card_pin cardPIN pin_code pinCode security_pin totp
    totp_secret mfa_code otp_code verification_code security_code auth_code backup_codes
    recovery_codes one_time_code smsCode session_id sessionid sessionId PHPSESSID JSESSIONID
    session_key user_session cookie cookies Set-Cookie auth basic_auth proxy_auth auth_header
    private_key PRIVATE_KEY ssl_key encryption_key aes_key hmac_key master_key license_key
    service_account_key pgpKey webhook_key fernet_key privatekey seed_phrase mnemonic
    password_salt sentry_dsn connection_string conn_str card_number cardNo cc_number card_expiry
    cvv2 cvc card_pan iban IBAN bank_account_number accountNo routing_number sort_code
    social_security_number passport_number passportNo national_id drivers_license_number
    taxpayer_id nino aadhaar credentials creds db_credentials basicAuth authorization_code
    activation_code x-auth-token encryptedPassword jwt_token sshpass sudo_pass redis_pass
    rabbitmq_pass dbPass puk sim_puk psk wifi_psk preshared_key preSharedKey ccv creditcardnumber
    debitCardNumber azure_key azure_storage_key storage_account_key gcp_key stripeKey device_key sas
    sas_url sharedAccessSignature signature sig Signature X-Amz-Signature X-Goog-Signature
    X-Amz-Credential X-Amz-Security-Token X-Hub-Signature-256 webhook_signature code_verifier
    client_assertion saml_response SAMLResponse samlAssertion invite_code invitationCode
    pairing_code pat github_pat magic_link reset_url activationLink webhook_url slackWebhook
    incoming_webhook webhook_uri passwort neues_passwort dbKennwort wachtwoord lösenord passord
    adgangskode salasana senha senha_hash minhaSenha contraseña nueva_contraseña contrasena mdp
    mdp_admin mot_de_passe motDePasse heslo hasło пароль старый_пароль şifre 密码
    パスワード 비밀번호
"""

PLAIN = """
    order_id passenger key author card email pinned spinner session_count keyboard token_count
    pinning opinion shipping_address mapping spin pint total_tokens max_tokens prompt_tokens
    completion_tokens tokens_used token_type token_expires_at password_changed_at
    password_length has_password is_secret cookie_consent primary_key foreign_key cache_key
    public_key routing_key sort_key partition_key object_key s3_key idempotency_key keyword keys
    key_count secretary secretariat authority authors authored authenticate authenticated
    authorized_by passed compass bypass passport_country boarding_pass season_pass class
    pass_rate account account_id account_name accounting bank bank_name card_id card_type
    card_brand discard postcard scorecard postal_code country_code status_code error_code
    product_code promo_code zip_code currency_code qr_code sku_code tokenize tokenizer
    session_type training_session session_date sessions_per_day number serial_number
    order_number invoice_number phone_number tracking_number room_number reference map_pin
    drop_pin pinterest_url description lesson design signature_url assignment urban caribbean
    pan_left span company panel japan bearing forbearance cookiecutter recookie otpimal hotplate
    laptop dsn_count design_session jwtless discount access_level accessed_at access_count
    user_agent username user first_name note count amount price quantity certificate_id credit
    credit_limit debit debit_amount security_level security_group recovery_email backup_path
    backup_count reset_at login login_count one_time_fee sin_tax tan_lines mfa_enabled
    otp_enabled shared_with client_id client_name service_name host hostname server_name
    signing_date encryption_type salt_content broken_link storage_key signature_id signature_date
    document_signature email_signature has_signature signatory signal sigma sash pattern path patch
    spat webhook webhook_id webhook_event login_url download_url presigned_url link url
    referral_code device_code boarding_passes first_pass one_pass kompass trespass desenha senhor
    samlet saml_provider code verify_code_style assertion device device_id azure_region google_id
    aws_region
"""


@pytest.mark.parametrize("name", SECRET.split())
def test_these_names_are_secret(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", PLAIN.split())
def test_these_names_are_not(name):
    assert not is_secret(name)


def test_a_pattern_of_the_project_is_looked_for_in_the_name_as_written_and_in_snake_case(settings):
    settings.TASK_TRACKER_REDACT = ["favouriteColour", "pet_name", r"^städte$"]
    for name in (
        "favouriteColour",
        "myFavouriteColour",
        "petName",
        "pet-name",
        "pet name",
        "Städte",
    ):
        assert is_secret(name), name
    assert not is_secret("colour")


def test_only_the_beginning_of_a_name_is_looked_at():
    assert is_secret("password" + "_" * 1_000_000)
    assert not is_secret("_" * 1_000_000 + "password")


@pytest.mark.parametrize(
    "name", ["_" * 100, "a_" * 50, "api_" * 25, "1" * 100, "pass" * 25, "aB" * 50, "session" * 14]
)
def test_a_name_that_nearly_matches_again_and_again_is_answered(name):
    # A pattern with too many ways to match would not come back.
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("redis://ada:hunter2@host/0", "redis://ada:[redacted]@host/0"),
        ("redis://:hunter2@host", "redis://:[redacted]@host"),
        ("from postgres://a:b@c/d to amqp://e:f@g//",
         "from postgres://a:[redacted]@c/d to amqp://e:[redacted]@g//"),
        ("mysql://ada:hunter@2:3@host", "mysql://ada:[redacted]@host"),
        ("https://host/?page=2&access_token=abc#top", "https://host/?page=2&access_token=[redacted]#top"),
        ("https://host/#id_token=abc", "https://host/#id_token=[redacted]"),
        ("https://host:80/ask?of=ada@host.example", "https://host:80/ask?of=ada@host.example"),
        # An unescaped / ? # or @, quotation marks, and an address as the user's name
        ("redis://ada:hun/ter2@host/0", "redis://ada:[redacted]@host/0"),
        ("redis://:hun/ter2@host/0", "redis://:[redacted]@host/0"),
        ("redis://:1/2@host/0", "redis://:[redacted]@host/0"),
        ("redis://ada:h@n/t@r2@host/0", "redis://ada:[redacted]@host/0"),
        ("amqp://ada:hun?ter#2@host//", "amqp://ada:[redacted]@host//"),
        ("'amqp://ada:hun\"ter'2@host//'", "'amqp://ada:[redacted]@host//'"),
        ("smtp://ada@mail:hunter2@host", "smtp://ada@mail:[redacted]@host"),
        ("redis://:a@h:1;redis://:b@i:2", "redis://:[redacted]@h:1;redis://:[redacted]@i:2"),
        ("https://host/?next=redis://a:b@h", "https://host/?next=redis://a:[redacted]@h"),
        # A token in place of the user's name
        ("https://ghp_16C7e42F292c6912E7@github.example/a.git",
         "https://[redacted]@github.example/a.git"),
        ("https://ghp_16C7e42F292c6912E7:x-oauth-basic@github.example",
         "https://[redacted]:[redacted]@github.example"),
        ("https://0123456789abcdef0123456789abcdef@o1.ingest.example/2",
         "https://[redacted]@o1.ingest.example/2"),
        ("https://host/f?X-Amz-Expires=60&X-Amz-Signature=ab&sig=cd",
         "https://host/f?X-Amz-Expires=60&X-Amz-Signature=[redacted]&sig=[redacted]"),
        # Nothing secret
        ("https://host:80/@ada/x", "https://host:80/@ada/x"),
        ("https://[::1]:80/ada@host", "https://[::1]:80/ada@host"),
        ("redis+cluster://h1:1,h2:2/?of=ada@host", "redis+cluster://h1:1,h2:2/?of=ada@host"),
        ('{"url":"redis://h:1","of":"ada@host"}', '{"url":"redis://h:1","of":"ada@host"}'),
        ("ssh://git@host:22/a/b@c", "ssh://git@host:22/a/b@c"),
        ("https://ada@host/", "https://ada@host/"),
        ("ada@host.example: password", "ada@host.example: password"),
        ('{"url": "redis://h:1", "of": "ada@host"}', '{"url": "redis://h:1", "of": "ada@host"}'),
    ],
)  # fmt: skip
def test_a_url_shows_no_password_and_no_secret_parameter(text, stored):
    assert without_secrets(text) == stored


@pytest.mark.parametrize("part", ["://a:", "://a@", "a,", "://a:b/", ";a://", "a.", '"a', "@"])
def test_a_long_text_that_is_nearly_a_url_is_answered(part):
    # A pattern with too many ways to match would not come back.
    text = "://" + part * 50_000
    assert without_secrets(text + " @").endswith(" @")
