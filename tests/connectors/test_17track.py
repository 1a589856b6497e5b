"""What 17TRACK's pushes and answers mean, in all the versions that are still about."""

import json
from typing import Any

import pytest
from tests.connectors.samples import RECEIVED, delivery, push, scan

from amends.connectors import IrrelevantDeliveryError, UnreadableDeliveryError, connector_of
from amends.connectors.seventeentrack.wire import STATUSES, SUB_STATUSES
from amends.model import Event
from amends.model.instant import format_instant, parse_instant

track = connector_of("17track")


def read(body: Any) -> list[Event]:
    return track.translate(delivery("17track", body))


def only(sub_status: str | None, words: str = "", **more: Any) -> Event:
    [event] = read(push(scan(sub_status, "2026-03-01T10:00:00+08:00", words, **more)))
    return event


class TestHistory:
    scans = (
        scan("Delivered_Other", "2026-03-09T14:00:00+01:00", "Delivered"),
        scan("OutForDelivery_Other", "2026-03-09T08:00:00+01:00", "Out for delivery"),
        scan("InTransit_Arrival", "2026-03-07T08:00:00+01:00", "Arrived in Paris"),
        scan("InTransit_Departure", "2026-03-05T08:00:00+08:00", "Left Shenzhen"),
        scan("InTransit_PickedUp", "2026-03-04T08:00:00+08:00", "Picked up"),
        scan("InfoReceived", "2026-03-03T08:00:00+08:00", "Label created"),
    )

    def test_every_scan_is_an_event_in_the_order_of_time(self) -> None:
        events = read(push(*self.scans))
        assert [event.type for event in events] == ["shipment.scanned"] * 5 + ["shipment.delivered"]
        assert [event.data["stage"] for event in events] == [
            "first_mile",
            "first_mile",
            "linehaul",
            "import",
            "last_mile",
            "last_mile",
        ]
        assert [event.time for event in events] == sorted(event.time for event in events)
        assert {event.keys["shipment"] for event in events} == {"YT2600000001"}
        said = events[0].data
        assert (said["carrier"], said["tracking"], said["origin"], said["destination"]) == (
            "YunExpress",
            "YT2600000001",
            "CN",
            "FR",
        )

    def test_a_longer_history_repeats_the_same_ids(self) -> None:
        before: set[str] = set()
        for length in range(1, len(self.scans) + 1):
            ids = {event.id for event in read(push(*self.scans[-length:]))}
            assert before < ids
            before = ids
        shuffled = read(push(*reversed(self.scans)))
        assert {event.id for event in shuffled} == before

    def test_a_scan_told_twice_is_one(self) -> None:
        assert len(read(push(self.scans[0], self.scans[0]))) == 1

    def test_a_push_of_several_parcels(self) -> None:
        body = push(self.scans[0])
        parcel = body["data"]
        both = {"event": "TRACKING_UPDATED", "data": [parcel, {**parcel, "number": "yt 26 0002"}]}
        assert {event.keys["shipment"] for event in read(both)} == {"YT2600000001", "YT260002"}

    def test_the_answer_and_the_push_tell_the_same(self) -> None:
        body = push(*self.scans)
        answer = {"code": 0, "data": {"accepted": [body["data"]], "rejected": []}}
        assert read(answer) == read(body) == read(body["data"])

    def test_the_newest_scan_without_a_state_has_the_parcels(self) -> None:
        latest = {"status": "Delivered", "sub_status": "Delivered_Other"}
        events = read(
            push(scan(None, "2026-03-10T10:00:00Z", "Left with a neighbour"), self.scans[-1], latest_status=latest)
        )
        assert [event.type for event in events] == ["shipment.scanned", "shipment.delivered"]

    def test_an_estimate_rides_on_the_newest_scan(self) -> None:
        metrics = {"estimated_delivery_date": {"from": None, "to": "2026-03-12T23:59:59+01:00"}}
        old, new = read(push(self.scans[4], self.scans[3], time_metrics=metrics))
        assert "estimated_at" not in old.data
        assert new.data["estimated_at"] == "2026-03-12T22:59:59Z"
        failed = read(push(scan("DeliveryFailure_NoBody", "2026-03-08T10:00:00Z"), time_metrics=metrics))
        assert "estimated_at" not in failed[0].data


class TestStates:
    @pytest.mark.parametrize("sub_status", sorted(SUB_STATUSES))
    def test_every_sub_status_has_its_buyer_facing_status(self, sub_status: str) -> None:
        event = only(sub_status)
        assert event.data["sub_status"] == sub_status
        assert event.data["status"] == STATUSES[sub_status.partition("_")[0]]
        assert (event.type == "shipment.delivered") == (sub_status == "Delivered_Other")

    @pytest.mark.parametrize(
        ("sub_status", "cause"),
        [
            ("Exception_Damage", "carrier_damaged_parcel"),
            ("Exception_Lost", "carrier_parcel_lost"),
            ("DeliveryFailure_Rejected", "consignee_refused"),
            ("DeliveryFailure_NoBody", "consignee_not_home"),
            ("DeliveryFailure_InvalidAddress", "consignee_incorrect_address"),
            ("Exception_Security", "security_issue"),
            ("Exception_Cancel", "retailer_cancelled"),
            ("InTransit_Other", None),
            ("Delivered_Other", None),
        ],
    )
    def test_whose_fault(self, sub_status: str, cause: str | None) -> None:
        assert only(sub_status).data.get("cause") == cause

    @pytest.mark.parametrize(
        ("sub_status", "words", "customs", "cause"),
        [
            ("InTransit_CustomsProcessing", "Customs clearance started", None, None),
            ("InTransit_CustomsProcessing", "Customs inspection completed", None, None),
            ("InTransit_CustomsProcessing", "Held by customs for inspection", None, "customs_inspection"),
            ("InTransit_CustomsProcessing", "FDA hold", "PGA_HOLD", "customs_inspection"),
            ("InTransit_CustomsReleased", "Duties paid, released", None, None),
            ("InTransit_CustomsRequiringInformation", "", "IMPORT_DOCUMENTATION_REQUIRED", "customs_documentation"),
            (
                "InTransit_CustomsRequiringInformation",
                "Commercial invoice missing",
                "IMPORT_DOCUMENTATION_REQUIRED",
                "customs_documentation",
            ),
            (
                "InTransit_CustomsRequiringInformation",
                "Awaiting payment of duties",
                "DUTIES_TAX_PENDING",
                "customs_duties_unpaid",
            ),
            (
                "InTransit_CustomsRequiringInformation",
                "VAT is to be paid",
                "DUTIES_TAX_PENDING",
                "customs_duties_unpaid",
            ),
            (
                "InTransit_CustomsRequiringInformation",
                "Consignee's ID is needed",
                "RECIPIENT_ID_MISSING",
                "customs_documentation",
            ),
            ("InTransit_CustomsRequiringInformation", "需要身份证", "RECIPIENT_ID_MISSING", "customs_documentation"),
            ("InTransit_CustomsRequiringInformation", "HS code missing", "HS_CODE_ISSUES", "customs_documentation"),
            ("Exception_Returning", "Import refused by customs: returned", "IMPORT_BLOCKED", "customs_prohibited"),
            ("Exception_Security", "Seized by customs", "IMPORT_BLOCKED", "customs_prohibited"),
            ("Exception_Returning", "Returned at the sender's wish", None, None),
            ("Exception_Delayed", "Delayed by a typhoon", None, "weather_delay"),
        ],
    )
    def test_what_customs_wants(self, sub_status: str, words: str, customs: str | None, cause: str | None) -> None:
        said = only(sub_status, words).data
        assert (said.get("customs"), said.get("cause")) == (customs, cause)

    @pytest.mark.parametrize(
        ("sub_status", "country", "stage"),
        [
            ("InTransit_Other", "CN", "first_mile"),
            ("InTransit_Other", "FR", "last_mile"),
            ("InTransit_Other", "NL", None),
            ("InTransit_Other", None, None),
            ("InTransit_CustomsProcessing", "CN", "export"),
            ("InTransit_CustomsProcessing", "FR", "import"),
            ("DeliveryFailure_NoBody", "FR", "last_mile"),
            ("Exception_Returning", "FR", None),
        ],
    )
    def test_the_part_of_the_way(self, sub_status: str, country: str | None, stage: str | None) -> None:
        assert only(sub_status, address={"country": country}).data.get("stage") == stage

    def test_milestones_stand_in_for_a_sub_status(self) -> None:
        assert only(None, stage="Departure").data["sub_status"] == "InTransit_Departure"

    def test_an_unknown_sub_status_is_kept_as_the_raw_code(self) -> None:
        said = only("InTransit_OnTheMoon").data
        assert (said["sub_status"], said["code"]) == ("InTransit_Other", "InTransit_OnTheMoon")

    @pytest.mark.parametrize(
        ("words", "sub_status"),
        [
            ("Shipping label created, awaiting item", "InfoReceived"),
            ("Item picked up", "InTransit_PickedUp"),
            ("Out for delivery", "OutForDelivery_Other"),
            ("Delivered, front door", "Delivered_Other"),
            ("Delivered to the carrier", "InTransit_Other"),
            ("Returned to sender", "Exception_Returned"),
            ("Somewhere", "InTransit_Other"),
        ],
    )
    def test_words_where_there_is_no_state_at_all(self, words: str, sub_status: str) -> None:
        said = only(None, words).data
        assert (said["sub_status"], said["status_assumed"]) == (sub_status, "words")


class TestTimes:
    @pytest.mark.parametrize(
        ("parts", "time", "assumed"),
        [
            ({"time_iso": "2026-03-01T10:00:00+08:00"}, "2026-03-01T02:00:00Z", {}),
            ({"time_iso": "2026-03-01T10:00:00", "time_utc": "2026-03-01T02:00:00Z"}, "2026-03-01T02:00:00Z", {}),
            ({"time_utc": "2026-03-01T02:00:00Z"}, "2026-03-01T02:00:00Z", {}),
            (
                {"time_iso": "2026-03-01T10:00:00", "address": {"country": "JP"}},
                "2026-03-01T01:00:00Z",
                {"time_zone": "Asia/Tokyo"},
            ),
            (
                {"time_iso": "2026-07-01T10:00:00", "location": "Roma, Italy"},
                "2026-07-01T08:00:00Z",
                {"time_zone": "Europe/Rome"},
            ),
            (
                {"time_iso": "2026-03-01T10:00:00", "address": {"country": "CN"}},
                "2026-03-01T02:00:00Z",
                {"time_zone": "Asia/Shanghai"},
            ),
            # The United States keep several times, and a state may be a country's code.
            (
                {"time_iso": "2026-03-01T10:00:00", "location": "Gary, IN"},
                "2026-03-01T10:00:00Z",
                {"time_assumed": "UTC"},
            ),
            (
                {"time_iso": "2026-03-01T10:00:00", "address": {"country": "US"}},
                "2026-03-01T10:00:00Z",
                {"time_assumed": "UTC"},
            ),
            (
                {"time_raw": {"date": "2026-03-01", "time": "10:00:00", "timezone": "+08:00"}},
                "2026-03-01T02:00:00Z",
                {},
            ),
            ({"time_raw": {"date": "2026-03-01", "time": "10:00"}}, "2026-03-01T10:00:00Z", {"time_assumed": "UTC"}),
        ],
    )
    def test_where_the_time_comes_from(self, parts: dict[str, Any], time: str, assumed: dict[str, str]) -> None:
        body = {"time_iso": None, "description": "x", "sub_status": "InTransit_Other", **parts}
        [event] = read(push(body))
        assert format_instant(event.time) == time
        assert {name: value for name, value in event.data.items() if name.startswith("time_")} == assumed

    def test_a_scan_without_a_time_is_left_out(self) -> None:
        with pytest.raises(IrrelevantDeliveryError, match="no scan of these parcels"):
            read(push({"description": "x", "sub_status": "InTransit_Other"}))

    def test_nonsense_is_named(self) -> None:
        with pytest.raises(UnreadableDeliveryError, match="should be a date-time"):
            read(push(scan("InTransit_Other", "last Tuesday")))


class TestOlderShapes:
    def test_version_1(self) -> None:
        newest = {"a": "2026-03-02 10:00", "b": None, "c": "Lyon", "d": "France", "z": "Delivered"}
        older = {"a": "2026-03-01 10:00", "c": "", "d": "China", "z": "Picked up"}
        body = {
            "event": "TRACKING_UPDATED",
            "sign": "ignored",
            "data": {"number": "RR1CN", "track": {"e": 40, "b": 301, "z0": newest, "z1": [newest, older], "z2": []}},
        }
        picked, delivered = read(body)
        assert (picked.data["sub_status"], picked.data["scan_country"]) == ("InTransit_PickedUp", "CN")
        assert format_instant(picked.time) == "2026-03-01T02:00:00Z"
        assert (delivered.type, delivered.data["scan_city"]) == ("shipment.delivered", "Lyon")
        assert format_instant(delivered.time) == "2026-03-02T09:00:00Z"

    @pytest.mark.parametrize(
        ("state", "status"),
        [(10, "InTransit"), (20, "Expired"), (30, "AvailableForPickup"), (35, "AttemptFail"), (50, "Exception")],
    )
    def test_states_of_version_1(self, state: int, status: str) -> None:
        track_ = {"e": state, "z0": {"a": "2026-03-02 10:00", "z": "Something"}}
        [event] = read({"code": 0, "data": {"accepted": [{"number": "RR1CN", "track": track_}], "rejected": []}})
        assert event.data["status"] == status

    def test_the_web_accounts_list(self) -> None:
        last = json.dumps({"a": "2026-03-02 10:00", "c": "Berlin", "d": "Germany", "z": "Delivered"})
        packages = [
            {"FTrackNo": "RR1CN", "FPackageState": 40, "FLastEvent": last},
            {"FTrackNo": "RR2CN", "FPackageState": 0, "FLastEvent": ""},
        ]
        [event] = read({"Json": packages, "pageInfo": {"Page": 1}})
        assert (event.type, event.keys["shipment"]) == ("shipment.delivered", "RR1CN")
        with pytest.raises(IrrelevantDeliveryError, match="no single parcel"):
            read({"Json": {"eitem": [{"e": 10, "ec": 5}]}})

    def test_a_line_of_a_list(self) -> None:
        line = {
            "number": "RR1CN",
            "order_no": "5401",
            "package_status": "OutForDelivery",
            "latest_event_time": "2026-03-02T10:00:00+01:00",
            "latest_event_info": "With the courier",
        }
        waiting = {"number": "RR2CN", "package_status": "NotFound", "latest_event_time": None}
        [event] = read({"code": 0, "page": {}, "data": {"accepted": [line, waiting]}})
        assert (event.data["status"], event.keys) == ("OutForDelivery", {"shipment": "RR1CN", "order": "5401"})
        named = {**line, "order_no": "#1001"}
        assert "order" not in read({"code": 0, "data": {"accepted": [named]}})[0].keys


class TestAnswersWithoutScans:
    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ({"event": "TRACKING_STOPPED", "data": {"number": "RR1CN", "carrier": 3011}}, "no longer follows"),
            ({"event": "SOMETHING_ELSE", "data": {}}, "is not followed"),
            ({"code": 0, "data": {"accepted": [], "rejected": []}}, "0 numbers are accepted"),
            ({"code": 0, "data": {"accepted": [{"number": "RR1CN", "carrier": 3011}], "rejected": []}}, "no scan"),
            ({"code": 0, "data": {"quota_total": 100}}, "quota"),
            (
                {"code": -18010002, "data": {"errors": [{"code": -18010002, "message": "Access token is invalid."}]}},
                "token is inv",
            ),
            ({"code": 0, "data": {}}, "no parcel in it"),
            ({"Code": 0, "Message": "Ok"}, "no parcel in it"),
            ([], "no scan"),
        ],
    )
    def test_say_why_nothing_follows(self, body: Any, why: str) -> None:
        with pytest.raises(IrrelevantDeliveryError, match=why):
            read(body)

    def test_a_number_that_is_not_accepted_is_watched_by_nobody(self) -> None:
        rejected = {"number": "12 34", "error": {"code": -18010012, "message": "The format of '12 34' is invalid."}}
        [failed] = read({"code": 0, "data": {"accepted": [], "rejected": [rejected]}})
        assert (failed.type, failed.keys, failed.time) == ("sync.failed", {"shipment": "1234"}, RECEIVED)

    @pytest.mark.parametrize("code", [-18019901, -18019909])
    def test_already_followed_and_nothing_yet_are_no_failures(self, code: int) -> None:
        rejected = {"number": "RR1CN", "error": {"code": code, "message": "Later."}}
        with pytest.raises(IrrelevantDeliveryError, match="RR1CN"):
            read({"code": 0, "data": {"accepted": [], "rejected": [rejected]}})

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ({"data": {"track_info": {}}}, "no `number`"),
            ({"data": "x"}, "JSON string"),
            ({"data": {"accepted": {}}}, "should be an array"),
            ({"data": {"accepted": ["x"]}}, "cannot be read"),
            ({"Json": [{"FLastEvent": "{}"}]}, "no `FTrackNo`"),
            ({"Json": [{"FTrackNo": "A", "FLastEvent": "{"}]}, "not JSON"),
            ({"hello": 1}, "which parcel"),
        ],
    )
    def test_nonsense_is_named(self, body: Any, why: str) -> None:
        with pytest.raises(UnreadableDeliveryError, match=why):
            read(body)


def test_times_of_the_tests_are_what_they_say() -> None:
    assert parse_instant("2026-03-02T09:00:05Z") == RECEIVED
