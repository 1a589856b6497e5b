-- The six rules over the whole history, by hand: each order and parcel after each event that moves it, with running
-- values by window functions, and from these the moments at which a rule's condition begins to hold.
WITH link AS MATERIALIZED (
    SELECT
        coalesce(payment, shipment) AS child,
        arg_min("order", position) AS "order",
        min(position) AS position,
        arg_min(received, position) AS received
    FROM fact
    WHERE "order" IS NOT NULL AND coalesce(payment, shipment) IS NOT NULL
    GROUP BY ALL
),
moving AS (
    SELECT * FROM fact
    WHERE type IN ('order.placed', 'order.paid', 'order.cancelled', 'payment.captured', 'payment.refunded')
        OR type IN ('shipment.scanned', 'shipment.delivered') AND status IS DISTINCT FROM 'InfoReceived'
),
-- Events that reach their order by way of a payment or parcel do so when the link is known.
touch AS (
    SELECT "order", position AS place, position, true AS own, received, type, time, amount, total, ship_by, deliver_by
    FROM moving
    WHERE "order" IS NOT NULL
    UNION ALL
    SELECT link."order", greatest(moving.position, link.position), moving.position, moving.position > link.position,
        greatest(moving.received, link.received), type, time, amount, total, ship_by, deliver_by
    FROM moving JOIN link ON link.child = coalesce(moving.payment, moving.shipment)
    WHERE moving."order" IS NULL
),
version AS MATERIALIZED (
    SELECT
        "order",
        received,
        lead(received, 1, $until) OVER so_far_and_on AS valid_until,
        row_number() OVER so_far AS number,
        max(total) FILTER (type = 'order.placed') OVER so_far AS total,
        max(ship_by) OVER so_far AS ship_by,
        max(deliver_by) OVER so_far AS deliver_by,
        min(received) FILTER (type = 'order.placed') OVER so_far AS known_at,
        min(time) FILTER (type = 'payment.captured') OVER so_far AS captured_at,
        count(*) FILTER (type = 'payment.captured') OVER so_far AS captures,
        coalesce(sum(amount) FILTER (type = 'payment.captured') OVER so_far, 0) AS captured,
        coalesce(sum(amount) FILTER (type = 'payment.refunded') OVER so_far, 0) AS refunded,
        bool_or(type = 'order.paid') OVER so_far AS paid,
        bool_or(type = 'order.cancelled') OVER so_far AS cancelled,
        bool_or(type IN ('shipment.scanned', 'shipment.delivered')) OVER so_far AS shipped,
        bool_or(type = 'shipment.delivered') OVER so_far AS delivered
    FROM touch
    WINDOW
        so_far AS (PARTITION BY "order" ORDER BY place, own, position ROWS UNBOUNDED PRECEDING),
        so_far_and_on AS (PARTITION BY "order" ORDER BY place, own, position)
),
parcel AS (
    SELECT
        shipment,
        received,
        lead(received, 1, $until) OVER (PARTITION BY shipment ORDER BY position) AS valid_until,
        max(time) OVER so_far AS last_scan_at,
        bool_or(type = 'shipment.delivered' OR coalesce(sub_status, '') = 'Exception_Returned') OVER so_far AS ended
    FROM fact
    WHERE type IN ('shipment.scanned', 'shipment.delivered') AND status IS DISTINCT FROM 'InfoReceived'
    WINDOW so_far AS (PARTITION BY shipment ORDER BY position ROWS UNBOUNDED PRECEDING)
),
silence AS (
    SELECT 'paid_not_updated' AS rule, "order" AS subject, greatest(captured_at, known_at) AS since,
        900000000 AS within, received, valid_until
    FROM version
    WHERE captured_at IS NOT NULL AND known_at IS NOT NULL AND NOT paid AND NOT cancelled
    UNION ALL
    SELECT 'handover_late', "order", ship_by, 0, received, valid_until
    FROM version
    WHERE ship_by IS NOT NULL AND (paid OR captured_at IS NOT NULL) AND NOT shipped AND NOT cancelled
    UNION ALL
    SELECT 'delivery_late', "order", deliver_by, 0, received, valid_until
    FROM version
    WHERE deliver_by IS NOT NULL AND NOT delivered AND NOT cancelled
    UNION ALL
    SELECT 'tracking_stalled', shipment, last_scan_at, 604800000000, received, valid_until
    FROM parcel
    WHERE NOT ended
),
disagreement AS (
    SELECT
        "order" AS subject,
        received,
        number,
        coalesce(captures = 1 AND abs(captured - total) > 5, false) AS mismatched,
        coalesce(captures >= 2 AND captured - refunded > total + 5, false) AS doubled
    FROM version
),
turn AS (
    SELECT subject, received, mismatched, doubled,
        lag(mismatched, 1, false) OVER (PARTITION BY subject ORDER BY number) AS was_mismatched,
        lag(doubled, 1, false) OVER (PARTITION BY subject ORDER BY number) AS was_doubled
    FROM disagreement
)
SELECT rule, subject, min(greatest(since + within, received)) AS fired_at
FROM silence
WHERE since + within < valid_until
GROUP BY rule, subject, since
UNION ALL
SELECT 'amount_mismatch', subject, received FROM turn WHERE mismatched AND NOT was_mismatched
UNION ALL
SELECT 'duplicate_payment', subject, received FROM turn WHERE doubled AND NOT was_doubled
