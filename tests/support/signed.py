"""A clip with a C2PA manifest, sealed by a certificate that nobody knows; needs c2pa-python."""

import datetime
from pathlib import Path
from typing import Any

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def sign_clip(clip: Path, out: Path, *, maker: str) -> Path:
    """Write the clip once more, with a manifest that claims that `maker` generated it."""
    import c2pa
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    root, leaf = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    chain = [_certificate(leaf, root, is_root=False), _certificate(root, root, is_root=True)]
    key = leaf.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain)
    signer = c2pa.C2paSignerInfo(alg=b"es256", sign_cert=pem, private_key=key, ta_url=None)
    action = {"action": "c2pa.created", "digitalSourceType": SOURCE}
    manifest = {
        "claim_generator_info": [{"name": maker, "version": "1"}],
        "title": maker,
        "format": "video/mp4",
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    with (
        c2pa.Signer.from_info(signer) as seal,
        c2pa.Builder(manifest) as builder,
        clip.open("rb") as given,
        out.open("w+b") as made,
    ):
        builder.sign(seal, "video/mp4", given, made)
    return out


def _certificate(key: Any, by: Any, *, is_root: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(text: str) -> Any:
        parts = ((NameOID.ORGANIZATION_NAME, "Nobody"), (NameOID.COMMON_NAME, text))
        return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])

    now = datetime.datetime.now(datetime.UTC)
    uses = dict.fromkeys(
        ("content_commitment", "data_encipherment", "decipher_only", "encipher_only", "key_agreement",
         "key_encipherment"), False
    )  # fmt: skip
    uses |= {"digital_signature": not is_root, "key_cert_sign": is_root, "crl_sign": is_root}
    made = (
        x509.CertificateBuilder()
        .subject_name(name("root" if is_root else "leaf"))
        .issuer_name(name("root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_root:
        made = made.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    return made.sign(by, hashes.SHA256())
