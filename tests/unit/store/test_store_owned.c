/* What a person owns beside documents, tasks and conversations: spoken interactions, everything at
 * once taken away, for whom something is due, and a briefing that is sent once. */
#include "store/interactions.h"
#include "store/people.h"
#include "store/tasks.h"
#include "store/wakes.h"
#include "store_unit.h"

static void interactions(void **state)
{
    Fx *f = *state;
    InteractionPage page;
    StoredInteraction got;
    Err err = ERR_INIT;
    uint64_t n = 0;
    for (uint64_t i = 1; i <= 5; i++) {
        char json[64];
        snprintf(json, sizeof json, "{\"heard\":\"number %llu\"}", (unsigned long long)i);
        StoredInteraction one = {.id = fx_uuid(i), .session = fx_uuid(100), .at = (int64_t)i * 10,
            .body_json = str_of(json)};
        OK(store_interaction_put(f->s, &f->owner, &one, &oops));
    }
    StoredInteraction anew = {.id = fx_uuid(3), .at = 30, .body_json = STR("{\"heard\":\"anew\"}")};
    OK(store_interaction_put(f->s, &f->owner, &anew, &oops));
    store_close(f->s); /* they are there after a restart */
    f->s = fx_open(f->dir.path);
    Uuid id = fx_uuid(3), other = fx_uuid(2000001);
    OK(store_interaction_get(f->s, &f->owner, &id, f->a, &got, &oops));
    assert_str(got.body_json, "{\"heard\":\"anew\"}");
    assert_true(uuid_is_nil(&got.session));
    assert_err(store_interaction_get(f->s, &other, &id, f->a, &got, &err), err, ERR_NOT_FOUND, "");
    OK(store_interaction_list(f->s, &f->owner, 3, STR(""), f->a, &page, &oops));
    assert_int_equal(page.n, 3);
    assert_int_equal(page.total, 5);
    assert_int_equal(page.items[0].at, 50);
    OK(store_interaction_list(f->s, &f->owner, 3, page.next_cursor, f->a, &page, &oops));
    assert_int_equal(page.n, 2);
    assert_int_equal(page.items[1].at, 10);
    assert_null(page.next_cursor.ptr);
    OK(store_interaction_delete(f->s, &f->owner, &id, &n, &oops));
    assert_int_equal(n, 1);
    assert_err(store_interaction_delete(f->s, &f->owner, &id, &n, &err), err, ERR_NOT_FOUND, "");
    OK(store_interaction_delete(f->s, &f->owner, NULL, &n, &oops));
    assert_int_equal(n, 4);
    OK(store_interaction_list(f->s, &f->owner, 3, STR(""), f->a, &page, &oops));
    assert_int_equal(page.total, 0);
}

static Uuid add_task(Fx *f, const Uuid *owner, uint64_t n, int64_t at)
{
    TaskFire fire = {at, at};
    Task t = {.id = fx_uuid(n), .kind = TASK_REMINDER, .title = STR("turn the cake"),
        .notes = STR(""), .zone = STR("UTC"), .due_at = at, .due_end = at, .due_timed = true,
        .series_start = TASK_NO_TIME, .series_at = TASK_NO_TIME, .completed_at = TASK_NO_TIME,
        .snoozed_until = TASK_NO_TIME, .source = STR("test"), .extra_json = STR("{}"),
        .fires = &fire, .n_fires = 1, .created_at = 1, .updated_at = 1};
    TaskChange c = {.what = "created", .at = 1, .put = &t, .n_put = 1};
    Uuid change;
    OK(store_task_change(f->s, owner, &c, &change, &oops));
    return t.id;
}

static size_t count(Fx *f, const Uuid *owner, StoreWakeKind kind, int64_t until)
{
    StoreWake *list;
    size_t n, found = 0;
    OK(store_wakes(f->s, until, f->a, &list, &n, &oops));
    for (size_t i = 0; i < n; i++)
        found += list[i].kind == kind && uuid_eq(&list[i].owner, owner);
    return found;
}

/* Who has something due, of everybody, whoever asked last. */
static void who_is_to_be_woken(void **state)
{
    Fx *f = *state;
    Uuid second = fx_uuid(2000002);
    BriefingSchedule s = {.enabled = true, .minute = 390, .days = 31, .zone = STR("Europe/Berlin"),
        .done_at = 77};
    OK(store_briefing_schedule_put(f->s, &second, &s, &oops));
    (void)add_task(f, &f->owner, 1, 5000);
    Uuid task = add_task(f, &second, 2, 9000);
    assert_int_equal(count(f, &f->owner, WAKE_TASK, 4999), 0);
    assert_int_equal(count(f, &f->owner, WAKE_TASK, 5000), 1);
    assert_int_equal(count(f, &second, WAKE_TASK, 5000), 0);
    assert_int_equal(count(f, &second, WAKE_TASK, 9000), 1);
    assert_int_equal(count(f, &second, WAKE_BRIEFING, 0), 1);
    assert_int_equal(count(f, &f->owner, WAKE_BRIEFING, 0), 0);
    StoreWake *list;
    size_t n;
    OK(store_wakes(f->s, 0, f->a, &list, &n, &oops));
    for (size_t i = 0; i < n; i++)
        if (list[i].kind == WAKE_BRIEFING) {
            assert_int_equal(list[i].schedule.minute, 390);
            assert_int_equal(list[i].schedule.days, 31);
            assert_int_equal(list[i].schedule.done_at, 77);
            assert_str(list[i].schedule.zone, "Europe/Berlin");
        }
    /* Fired: nothing is due any more. */
    Task *due;
    Delivery *fired;
    OK(store_task_due(f->s, &second, 9000, 10, f->a, &due, &n, &oops));
    assert_int_equal(n, 1);
    assert_true(uuid_eq(&due[0].id, &task));
    TaskFire at = due[0].fires[0];
    due[0].n_fires = 0;
    TaskFiring firing = {.task = &due[0], .fired = &at, .n_fired = 1};
    OK(store_task_fire(f->s, &second, &firing, 1, 9001, f->a, &fired, &n, &oops));
    assert_int_equal(n, 1);
    assert_int_equal(count(f, &second, WAKE_TASK, 9000), 0);
    store_rest(f->s, &second); /* who is closed is as well served as before */
    assert_int_equal(count(f, &f->owner, WAKE_TASK, 5000), 1);
}

/* Of two that make the same briefing one is sent. */
static void a_briefing_once(void **state)
{
    Fx *f = *state;
    BriefingSchedule s = {.enabled = true, .minute = 420, .days = 127, .zone = STR(""),
        .done_at = 1000};
    StoredBriefing b = {.id = fx_uuid(1), .date = STR("2026-11-23"), .zone = STR("UTC"),
        .generated_at = 5, .scheduled = true, .json = STR("{\"n\":1}")}, *list;
    int64_t at = 2000, later = 3000;
    size_t n;
    Err err = ERR_INIT;
    OK(store_briefing_schedule_put(f->s, &f->owner, &s, &oops));
    OK(store_briefing_put(f->s, &f->owner, &b, &at, &oops));
    b.json = STR("{\"n\":2}");
    assert_err(store_briefing_put(f->s, &f->owner, &b, &at, &err), err, ERR_CONFLICT, "already");
    OK(store_briefing_list(f->s, &f->owner, STR(""), 0, 10, f->a, &list, &n, &oops));
    assert_int_equal(n, 1);
    assert_str(list[0].json, "{\"n\":1}");
    OK(store_briefing_put(f->s, &f->owner, &b, &later, &oops));
}

/* Everything that one owns goes, and nothing of another's. */
static void clearing(void **state)
{
    Fx *f = *state;
    Uuid second = fx_uuid(2000003), id;
    InteractionPage page;
    uint64_t counts[TASK_CANCELLED + 1];
    Person p = {.id = second, .name = STR("bea"), .password = STR(""), .created_at = 1};
    OK(store_person_put(f->s, &p, &oops));
    for (int i = 0; i < 2; i++) {
        const Uuid *owner = i ? &second : &f->owner;
        StoredInteraction one = {.id = fx_uuid(9), .at = 1, .body_json = STR("{}")};
        OK(store_interaction_put(f->s, owner, &one, &oops));
        (void)add_task(f, owner, 5, 100);
        DocumentPut *doc = fx_doc(f->a, 7, STR("quinces"), STR("a text about quinces"));
        PutOutcome outcome;
        OK(store_document_put(f->s, owner, doc, &outcome, &id, &oops));
    }
    OK(store_person_clear(f->s, &f->owner, &oops));
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    for (int i = 0; i < 2; i++) {
        const Uuid *owner = i ? &second : &f->owner;
        DocPage docs;
        OK(store_interaction_list(f->s, owner, 5, STR(""), f->a, &page, &oops));
        assert_int_equal(page.total, i);
        OK(store_task_counts(f->s, owner, counts, &oops));
        assert_int_equal(counts[TASK_OPEN], i);
        OK(store_document_list(f->s, owner, NULL, SORT_TITLE_ASC, 5, STR(""), f->a, &docs, &oops));
        assert_int_equal(docs.total, i);
    }
    (void)add_task(f, &f->owner, 6, 100); /* and goes on being used */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(interactions),
        T(who_is_to_be_woken),
        T(a_briefing_once),
        T(clearing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
