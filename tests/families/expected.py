"""The table: what each service asks for, one row each, family by family.

Sources are the documents and clients that the services and their users publish. The key reference of
CyberSource's own clients lacks the ValueType that BSP R3059 demands; ours has it.
"""

from __future__ import annotations  # noqa: I001  # one name a line would hide the table

from families.terms import (
    ACTION, ADDRESSING, AES128_GCM, ANONYMOUS, BARE_UUID, BODY, BY_ISSUER_SERIAL, BY_SKI, BY_TOKEN,
    CERTIFICATE, EBS, EBS_PREFIXES, ENCRYPTED_KEY, ENVELOPED, EXC_C14N, IN_X509_DATA, LOCAL_AS_ZULU,
    MESSAGE_ID, MESSAGING, MGF1_SHA256, MICROSECONDS, MILLISECONDS, MSA, NAMESPACES, REPLY_TO, RSA_OAEP,
    RSA_OAEP_MGF1P, RSA_SHA1, RSA_SHA256, SECURITY, SHA1, SHA256, SIGNATURE, TIMESTAMP, TO, TOKEN,
    USERNAME_TOKEN, USER_WITH_DIGEST, USER_WITH_TEXT, USER_WITH_TEXT_AND_NONCE, USER_WITHOUT_PASSWORD,
    USER_WITH_UNTYPED_TEXT, WITH_OFFSET, WITH_OIN, ZULU, Envelope, Row, only,
)  # fmt: skip

_EXCLUSIVE = only((EXC_C14N,))
_WSA = Envelope(header=ADDRESSING)
_WSA12 = Envelope(version="1.2", header=ADDRESSING)
_NOT_SIGNED = only("signed soap:Body")
_BODY_AND_TIMESTAMP = only(BODY, TIMESTAMP)

A = (
    Row(
        service="cybersource",
        family="A",
        children=(TOKEN, SIGNATURE),
        absent=only(TIMESTAMP),
        must_understand=only(),
        signed=only(BODY),
        signature_method=RSA_SHA256,
        digests=SHA256,
        canonicalization=EXC_C14N,
        key_reference=BY_TOKEN,
        binary_token=CERTIFICATE,
        lifetime_seconds=None,
    ),
    Row(
        service="face",
        family="A",
        children=(TOKEN, SIGNATURE, TIMESTAMP),
        must_understand=only(SECURITY),
        signed=_BODY_AND_TIMESTAMP,
        signature_method=RSA_SHA1,
        digests=SHA1,
        key_reference=BY_TOKEN,
        lifetime_seconds=3600,
        forms={"times": LOCAL_AS_ZULU},
    ),
    Row(
        service="efact",
        family="A",
        envelope=Envelope(prefix="soapenv"),
        children=(TIMESTAMP, TOKEN, SIGNATURE),
        must_understand=only(SECURITY),
        signed=_BODY_AND_TIMESTAMP,
        signature_method=RSA_SHA1,
        canonicalization=EXC_C14N,
        signed_info_prefixes=("soapenv",),
        reference_prefixes={BODY: ("soapenv",), TIMESTAMP: ("soapenv",)},
        lifetime_seconds=60,
        forms={"times": WITH_OFFSET},
    ),
    Row(
        service="mossos",
        family="A",
        present=only(TIMESTAMP, TOKEN),
        signed=_BODY_AND_TIMESTAMP,
        key_reference=BY_TOKEN,
        lifetime_seconds=300,
    ),
    Row(
        service="elhub",
        family="A",
        present=only(TIMESTAMP, TOKEN),
        signed=_BODY_AND_TIMESTAMP,
        key_reference=BY_TOKEN,
        lifetime_seconds=60,
    ),
)

B = (
    Row(
        service="digipoort",
        family="B",
        envelope=_WSA,
        first_child=TOKEN,
        signed=only(BODY, TIMESTAMP, ACTION, MESSAGE_ID, TO, REPLY_TO),
        signature_method=RSA_SHA1,
        digests=SHA1,
        canonicalization=EXC_C14N,
        transforms=_EXCLUSIVE,
        key_reference=BY_TOKEN,
        lifetime_seconds=600,
        forms={"times": MICROSECONDS},
        addressing=only(ACTION, MESSAGE_ID, TO, REPLY_TO),
    ),
    Row(
        service="kvk",
        family="B",
        envelope=_WSA,
        signed=only(BODY, TIMESTAMP, TO, MESSAGE_ID, ACTION),
        forms={"message_id": BARE_UUID},
    ),
    Row(
        service="suwinet",
        family="B",
        envelope=_WSA,
        key_reference=BY_TOKEN,
        forms={"to": WITH_OIN, "sender": WITH_OIN},
    ),
    Row(
        service="modi",
        family="B",
        envelope=_WSA,
        signed=only(TIMESTAMP, TO, MESSAGE_ID, BODY),
    ),
    Row(
        service="nemlogin",
        family="B",
        envelope=_WSA,
        present=only(TIMESTAMP, TOKEN),
        signed=only(BODY, TIMESTAMP, TOKEN, ACTION, MESSAGE_ID, TO, REPLY_TO),
        signature_method=RSA_SHA256,
        digests=SHA256,
        key_reference=BY_TOKEN,
        addressing=only(ACTION, MESSAGE_ID, TO, REPLY_TO),
    ),
)

C = (
    Row(
        service="dian",
        family="C",
        envelope=Envelope(
            version="1.2",
            prefix="soap",
            declares={"wsa": NAMESPACES["wsa"], "wcf": "http://wcf.dian.colombia"},
            header=ADDRESSING,
        ),
        soap="1.2",
        children=(TIMESTAMP, TOKEN, SIGNATURE),
        absent=_NOT_SIGNED | {"signed wsu:Timestamp"},
        must_understand=only(SECURITY),
        signed=only(TO),
        signature_method=RSA_SHA256,
        digests=SHA256,
        canonicalization=EXC_C14N,
        transforms=_EXCLUSIVE,
        signed_info_prefixes=("wsa", "soap", "wcf"),
        reference_prefixes={TO: ("soap", "wcf")},
        key_reference=BY_TOKEN,
        lifetime_seconds=60,
        forms={"times": ZULU},
    ),
    Row(
        service="sat",
        family="C",
        children=(TIMESTAMP, TOKEN, SIGNATURE),
        absent=_NOT_SIGNED,
        must_understand=only(SECURITY),
        signed=only(TIMESTAMP),
        signature_method=RSA_SHA1,
        digests=SHA1,
        canonicalization=EXC_C14N,
        transforms=_EXCLUSIVE,
        key_reference=BY_TOKEN,
    ),
    Row(
        service="ofsted",
        family="C",
        envelope=_WSA12,
        users="text",
        soap="1.2",
        children=(TIMESTAMP, USERNAME_TOKEN, TOKEN, SIGNATURE),
        absent=_NOT_SIGNED,
        must_understand=only(ACTION, TO, SECURITY),
        signed=only(TIMESTAMP, TO),
        signature_method=RSA_SHA1,
        digests=SHA1,
        key_reference=BY_TOKEN,
        addressing=only(ACTION, MESSAGE_ID, TO, REPLY_TO),
        reply_to=ANONYMOUS,
    ),
)

D = (
    Row(
        service="ontario_ebs",
        family="D",
        envelope=Envelope(prefix="soapenv", header=EBS + MSA),
        children=(TIMESTAMP, USERNAME_TOKEN, TOKEN, SIGNATURE),
        absent=only("wsse:Password"),
        must_understand=only(SECURITY),
        signed=only("ebs:EBS", "msa:MSA", TIMESTAMP, USERNAME_TOKEN, BODY),
        signature_method=RSA_SHA1,
        digests=SHA256,
        canonicalization=EXC_C14N,
        signed_info_prefixes=EBS_PREFIXES,
        reference_prefixes={
            "ebs:EBS": EBS_PREFIXES,
            "msa:MSA": EBS_PREFIXES,
            TIMESTAMP: tuple(item for item in EBS_PREFIXES if item != "wsu"),
            USERNAME_TOKEN: tuple(item for item in EBS_PREFIXES if item != "wsse"),
            BODY: tuple(item for item in EBS_PREFIXES if item != "soapenv"),
        },
        key_reference=BY_TOKEN,
        binary_token=CERTIFICATE,
        username_token=USER_WITHOUT_PASSWORD,
        lifetime_seconds=30,
        forms={"times": MILLISECONDS},
    ),
    Row(
        service="belgium_sts",
        family="D",
        signed=only(TOKEN, TIMESTAMP, BODY),
        signature_method=RSA_SHA256,
        digests=SHA256,
        canonicalization=EXC_C14N,
        transforms=_EXCLUSIVE,
        key_reference=BY_TOKEN,
        lifetime_seconds=300,
    ),
    Row(
        service="vetstat",
        family="D",
        users="digest",
        present=only("ec:InclusiveNamespaces"),
        signed=only(BODY, TIMESTAMP, USERNAME_TOKEN, TOKEN),
    ),
)

E = (
    Row(
        service="wcf_mutual",
        family="E",
        envelope=_WSA,
        soap="1.1",
        present=only(TIMESTAMP, ENCRYPTED_KEY, SIGNATURE),
        addressing=only(ACTION, MESSAGE_ID, TO, REPLY_TO),
        encrypted=only(BODY),
    ),
    Row(
        service="edukoppeling",
        family="E",
        envelope=_WSA,
        present=only(TOKEN, ENCRYPTED_KEY, SIGNATURE),
        encrypted=only(BODY),
    ),
    Row(
        service="sigec",
        family="E",
        children=(TOKEN, TIMESTAMP, ENCRYPTED_KEY, SIGNATURE),
        must_understand=only(SECURITY),
        lifetime_seconds=300,
        forms={"times": MILLISECONDS},
        encrypted=only(BODY),
        key_transport=RSA_OAEP_MGF1P,
        recipient_reference=BY_ISSUER_SERIAL.format("service"),
    ),
)

F = (
    Row(
        service="amadeus",
        family="F",
        envelope=_WSA,
        users="sha1",
        username_token=USER_WITH_DIGEST,
        forms={"token_created": ZULU},
    ),
    Row(
        service="onvif",
        family="F",
        envelope=Envelope(version="1.2"),
        users="digest",
        username_token=USER_WITH_DIGEST,
    ),
    Row(
        service="primavera",
        family="F",
        users="text",
        username_token=USER_WITH_TEXT_AND_NONCE,
    ),
    Row(
        service="sabre",
        family="F",
        security_namespace=NAMESPACES["wsse02"],
        children=("wsse02:BinarySecurityToken",),
        binary_token='<wsse02:BinarySecurityToken EncodingType="wsse:Base64Binary">session token</>',
    ),
    Row(
        service="experian",
        family="F",
        present=only(TIMESTAMP),
        absent=only(SIGNATURE),
        binary_token=(
            '<wsse:BinarySecurityToken EncodingType="Base64Binary" ValueType="ExperianWASP">'
            "session token</>"
        ),
        lifetime_seconds=300,
    ),
    Row(
        service="salesforce_mc",
        family="F",
        users="text",
        username_token=USER_WITH_UNTYPED_TEXT,
    ),
    Row(
        service="sunat",
        family="F",
        users="text",
        children=(USERNAME_TOKEN,),
        absent=only("wsse:Nonce", "wsu:Created"),
        username_token=USER_WITH_TEXT,
    ),
    Row(
        service="abc_financial",
        family="F",
        users="digest",
        present=only(TIMESTAMP),
        must_understand=only(SECURITY),
        username_token=USER_WITH_DIGEST,
    ),
    Row(
        service="altinn",
        family="F",
        envelope=_WSA,
        users="text",
        children=(TIMESTAMP, USERNAME_TOKEN),
        addressing=only(ACTION, MESSAGE_ID, TO, REPLY_TO),
    ),
)

OTHERS = (
    Row(
        service="workday",
        family="own",
        present=only(USERNAME_TOKEN),
        absent=only("wsse:SecurityTokenReference", TOKEN),
        signed=only("document"),
        digests=SHA256,
        transforms=only((ENVELOPED, EXC_C14N)),
        key_reference=IN_X509_DATA,
    ),
    Row(
        service="as4",
        family="H",
        envelope=Envelope(version="1.2", header=MESSAGING),
        soap="1.2",
        signed=only("eb:Messaging", BODY),
        signature_method=RSA_SHA256,
        key_reference=BY_TOKEN,
        encrypted=only(BODY),
        cipher=AES128_GCM,
        key_transport=RSA_OAEP,
        oaep=(*SHA256, MGF1_SHA256),
        recipient_reference=BY_SKI.format("service"),
    ),
    Row(
        service="as4_entsog",
        family="H",
        envelope=Envelope(version="1.2", header=MESSAGING),
        soap="1.2",
        absent=only(TOKEN),
        signed=only("eb:Messaging", BODY),
        signature_method=RSA_SHA256,
        key_reference=BY_ISSUER_SERIAL.format("client"),
        encrypted=only(BODY),
        cipher=AES128_GCM,
        key_transport=RSA_OAEP,
        oaep=(*SHA256, MGF1_SHA256),
        recipient_reference=BY_ISSUER_SERIAL.format("service"),
    ),
)

ROWS = {row.service: row for row in (*A, *B, *C, *D, *E, *F, *OTHERS)}
