"""What the demo world answers to what Amends does."""

import json
from pathlib import Path

import msgspec
from pydantic import SecretStr

from amends.cli.demo_outside import Bank, Buyers, Letterbox
from amends.connectors.delivery import Delivery
from amends.connectors.registry import CONNECTORS
from amends.model.instant import DAY, HOUR, Instant
from amends.resolution.intent import move, plan
from amends.resolution.outbox import entered, granted
from amends.resolution.stepping import Standing
from amends.runtime.acting import actors_of
from amends.runtime.config import Config
from amends.runtime.wiring import Installation
from amends.sim.feeds import STRIPE
from amends.sim.world import Plan, World


def installed(folder: Path) -> Installation:
    installation = Installation(Config(data_dir=folder, secret_key=SecretStr("s" * 32)))
    with installation.store.writing() as work:
        work.connections.put(STRIPE.vendor, STRIPE.account, "whsec_" + "s" * 32, installation.wall.now())
    return installation


def test_the_bank_pays_back_what_was_captured_and_says_so_some_hours_later(tmp_path: Path) -> None:
    house = installed(tmp_path)
    with Bank() as bank:
        bank.open_to(house)
        with house.store.reading() as work:
            (actor,) = actors_of(work.connections.all())
        sendings = bank.watching(World(Plan.of(seed=3, orders=60)).run())
        captured = next(each for each in sendings if each.topic == "payment_intent.succeeded")
        payment = json.loads(captured.body)["data"]["object"]
        how = {
            "payment": payment["id"], "amount": payment["amount_received"], "currency": payment["currency"].upper(),
            "payment_source": STRIPE.name,
        }  # fmt: skip
        intent = plan("c", 0, "s#1", "refund", how, captured.at)
        assert actor.takes(intent)
        reply = actor.send(intent)
        assert (reply.said, actor.send(intent)) == ("accepted", reply)
        told = next(
            each for each in sendings if each.topic == "refund.updated" and f"{reply.ref}" in each.body.decode()
        )
    house.store.database.close()
    assert told.at - captured.at >= 3 * HOUR
    delivery = Delivery(vendor="stripe", account=STRIPE.account, body=told.body, headers=told.headers)
    (event,) = (each for each in CONNECTORS["stripe"].translate(delivery) if each.type == "payment.refunded")
    assert (event.data["act"], event.data["status"]) == (intent.id, "succeeded")


def test_most_buyers_answer_in_their_own_time(tmp_path: Path) -> None:
    house = installed(tmp_path)
    now = house.clock.now()
    asked = Instant(now - HOUR // 2)
    playbook = house.righting.playbooks["address_incomplete"]
    step = next(each for each in playbook.steps if each.do == "ask")
    with house.store.writing() as work:
        for number in range(40):
            case = f"case-{number}"
            standing = Standing(
                case=case, round=0, exception="address_incomplete", version=playbook.version, step=step.name,
                since=asked, visits={step.name: 1},
            )  # fmt: skip
            work.standings.put(standing, None)
            how = {"what": step.what, "step": f"{step.name}#1", "options": list(step.options)}
            intent = plan(case, 0, f"{step.name}#1", "ask", how, asked)
            entry = granted(entered(intent), "assistant", asked)
            letter = msgspec.structs.replace(entry, intent=move(entry.intent, "confirm", asked))
            work.outbox.add([letter])
    buyers = Buyers(house)
    counts = []
    for waited in (0, 5 * HOUR, 10 * HOUR, DAY):
        buyers.answer(Instant(now + waited))
        with house.store.reading() as work:
            answers = [work.standings.answers(f"case-{number}", 0) for number in range(40)]
        counts.append(sum(map(bool, answers)))
        assert all(said in step.options for each in answers for said in each.values())
    house.store.database.close()
    assert counts[0] < counts[1] < counts[2] < counts[3]
    assert 20 <= counts[3] < 40


def test_every_letter_has_a_box() -> None:
    intent = plan("c", 0, "s#1", "tell", {}, Instant(1))
    assert Letterbox().send(intent).said == "confirmed"
    assert Letterbox().look_up(intent, None).said == "not_done"
