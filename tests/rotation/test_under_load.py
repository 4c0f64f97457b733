"""Keys are replaced while eight threads call: no call fails, and the service sees the new ones."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from zeep_wssec import Encryption, Inbound, Profile, Signature, Timestamp
from zeep_wssec.testing.authority import Authority, Issued
from zeep_wssec.testing.orders import WSDL, answer_order
from zeep_wssec.testing.partner import Partner

THREADS = 8
_PATIENCE_SECONDS = 120
PROFILE = """
[[keystore]]
pkcs12 = "client.p12"
password_file = "password"
alias = "client"
watch = true
[[keystore]]
partner = "service"
certificate = "service.pem"
watch = true
[[keystore]]
partner = "service"
certificate = "service-old.pem"
[[outbound]]
step = "timestamp"
[[outbound]]
step = "signature"
[[outbound]]
step = "encryption"
recipients = ["service"]
[inbound]
encrypted = ["body"]
"""


@dataclass
class Keys:
    """Two generations of both sides, and the files of the caller."""

    folder: Path
    client: tuple[Issued, Issued]
    service: tuple[Issued, Issued]

    @classmethod
    def create(cls, folder: Path) -> Keys:
        """Issue them, and write the old ones."""
        ca = Authority.create("CN=ca", key="ec-p256")
        client, service = (
            (ca.issue(f"CN={name}"), ca.issue(f"CN={name}")) for name in ("client", "service")
        )
        keys = cls(folder, client, service)
        (folder / "p.toml").write_text(PROFILE)
        (folder / "password").write_text("secret")
        (folder / "service-old.pem").write_bytes(service[0].certificate_pem)
        keys.put("service.pem", service[0].certificate_pem)
        keys.put("client.p12", client[0].pkcs12("secret"))
        return keys

    def put(self, name: str, content: bytes) -> None:
        """Replace a file in one step."""
        (self.folder / "next").write_bytes(content)
        (self.folder / "next").replace(self.folder / name)

    def overwrite(self, name: str, content: bytes) -> None:
        """Replace the content of a file in two, with nothing useful in between."""
        with (self.folder / name).open("wb", buffering=0) as file:
            file.write(content[:100])
            file.write(content[100:])

    def partner(self) -> Partner:
        """The service: it knows all generations, and answers whoever asked."""
        own = self.service[0].keystore("service").merge(self.service[1].keystore("service"))
        signed = ("body", "timestamp", "header:wsa:RelatesTo?")
        steps = [
            Timestamp(),
            Signature(parts=signed),
            Encryption(recipients=("request_signer",)),
        ]
        for issued in self.client:
            own = own.with_partner("client", issued.certificate)
        demands = Inbound(encrypted=("body",), signed_by="client")
        return Partner(Profile(keystore=own, outbound=steps, inbound=demands), answer_order)


@dataclass
class Load:
    """Threads that call until they are told to stop; a failure stops all."""

    call: Callable[[int], None]
    calls: list[int] = field(default_factory=lambda: [0] * THREADS)
    failures: list[BaseException] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    stopped: bool = False

    def run(self, number: int) -> None:
        """Call again and again, as one of the threads."""
        while not self.stopped:
            try:
                self.call(number)
            except BaseException as error:  # told to the test, which has other threads to end
                self.failures.append(error)
                self.stopped = True
            with self.changed:
                self.calls[number] += 1
                self.changed.notify_all()

    def wait_for(self, more: int = 2) -> None:
        """Wait until each thread has called so many times more."""
        with self.changed:
            goal = [count + more for count in self.calls]
            self.changed.wait_for(
                lambda: self.stopped or all(map(int.__ge__, self.calls, goal)), _PATIENCE_SECONDS
            )
        assert not self.failures, self.failures


@contextmanager
def load(call: Callable[[int], None]) -> Iterator[Load]:
    """Have the threads call for the time of a ``with`` block."""
    made = Load(call)
    threads = [threading.Thread(target=made.run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        made.stopped = True
        for thread in threads:
            thread.join()
    assert not made.failures, made.failures


def signers(partner: Partner) -> set[str]:
    """Give the thumbprints of those who signed what the service was asked, and forget them."""
    seen = [partner.answers.popleft() for _ in range(len(partner.answers))]
    assert not [item.error for item in seen if item.error is not None]
    return {item.report.signatures[0].thumbprint_sha256 for item in seen if item.report is not None}


def signers_next(partner: Partner, running: Load) -> set[str]:
    """Give the same of the next call of each thread."""
    running.wait_for(1)
    return signers(partner)


def thumbprint(issued: Issued) -> str:
    return issued.certificate.thumbprint_sha256


@pytest.mark.filterwarnings("ignore::zeep_wssec.KeyRotationWarning")
@pytest.mark.parametrize("how", ["put", "overwrite"])
def test_t_11_p_33_keys_are_replaced_under_load(tmp_path: Path, how: str) -> None:
    """T-11, P-33: renamed into place or written over; from then on each thread signs with the new key."""
    keys = Keys.create(tmp_path)
    partner, profile = keys.partner(), Profile.load(tmp_path / "p.toml")
    replace = getattr(keys, how)
    with partner.serve() as address:
        clients = [profile.client(WSDL, address=address) for _ in range(THREADS)]

        def call(number: int) -> None:
            assert (
                clients[number].service.PlaceOrder(sku="42", quantity=1, nonce=str(number)).sku
                == "42"
            )

        with load(call) as running:
            running.wait_for()
            signers(partner)
            for issued in (*reversed(keys.client), keys.client[1]):
                replace("client.p12", issued.pkcs12("secret"))
                # What was under way goes on, and half a file is looked at again a second later.
                wanted = {thumbprint(issued)}
                assert any(signers_next(partner, running) == wanted for _ in range(1000))


def test_t_11_partner_is_replaced_under_load(tmp_path: Path) -> None:
    """T-11: the certificate that is encrypted to follows its file, and answers by the old one still count."""
    keys = Keys.create(tmp_path)
    partner, profile = keys.partner(), Profile.load(tmp_path / "p.toml")
    with partner.serve() as address:
        clients = [profile.client(WSDL, address=address) for _ in range(THREADS)]

        def call(number: int) -> None:
            clients[number].service.PlaceOrder(sku="42", quantity=1, nonce=str(number))

        with load(call) as running:
            running.wait_for()
            keys.put("service.pem", keys.service[1].certificate_pem)
            running.wait_for(3)
            signers(partner)
            running.wait_for()
            serial = str(keys.service[1].certificate.serial_number).encode()
            assert all(serial in item.request for item in list(partner.answers))


def test_p_33_profile_is_read_again_under_load(tmp_path: Path) -> None:
    """P-33: ``reload()`` in the middle of calls; what was remembered of them stays."""
    keys = Keys.create(tmp_path)
    path = tmp_path / "p.toml"
    path.write_text(PROFILE.replace("watch = true\n", ""))
    partner, profile = keys.partner(), Profile.load(path)
    with partner.serve() as address:
        clients = [profile.client(WSDL, address=address) for _ in range(THREADS)]

        def call(number: int) -> None:
            clients[number].service.PlaceOrder(sku="42", quantity=1, nonce=str(number))

        with load(call) as running:
            running.wait_for()
            assert signers(partner) == {thumbprint(keys.client[0])}
            keys.put("client.p12", keys.client[1].pkcs12("secret"))
            profile.reload()
            running.wait_for(3)
            signers(partner)
            running.wait_for()
            assert signers(partner) == {thumbprint(keys.client[1])}
