#include "support/unit.h"

#include "api/ws_clients.h"

static WsId id_of(uint64_t generation, uint32_t slot)
{
    return generation << 24 | slot;
}

static void add(WsClients *t, WsId id)
{
    WsClient c = {.id = id};
    assert_true(ws_client_add(t, &c));
}

static void found_by_id(void **state)
{
    (void)state;
    WsClients t = {0};
    for (uint32_t slot = 1; slot <= 3000; slot++)
        add(&t, id_of(0, slot));
    for (uint32_t slot = 1; slot <= 3000; slot++)
        assert_int_equal(ws_client_find(&t, id_of(0, slot))->id, id_of(0, slot));
    assert_null(ws_client_find(&t, id_of(1, 5))); /* the slot's next client is another */
    assert_null(ws_client_find(&t, id_of(0, 3001)));
    assert_null(ws_client_find(&t, id_of(0, 999999)));
    assert_null(ws_client_find(&t, 0));
    for (uint32_t slot = 1; slot <= 3000; slot += 2)
        ws_client_remove(&t, id_of(0, slot));
    ws_client_remove(&t, id_of(0, 1)); /* twice is nothing */
    assert_int_equal(t.n, 1500);
    for (uint32_t slot = 1; slot <= 3000; slot++)
        if (slot % 2)
            assert_null(ws_client_find(&t, id_of(0, slot)));
        else
            assert_int_equal(ws_client_find(&t, id_of(0, slot))->id, id_of(0, slot));
    add(&t, id_of(1, 1));
    assert_int_equal(ws_client_find(&t, id_of(1, 1))->id, id_of(1, 1));
    assert_null(ws_client_find(&t, id_of(0, 1)));
    ws_clients_release(&t);
}

static void topics_are_counted(void **state)
{
    (void)state;
    WsClients t = {0};
    add(&t, id_of(0, 1));
    add(&t, id_of(0, 2));
    assert_false(ws_clients_want(&t, 31));
    ws_client_subscribe(&t, ws_client_find(&t, id_of(0, 1)), 1 | 4);
    ws_client_subscribe(&t, ws_client_find(&t, id_of(0, 2)), 4);
    ws_client_subscribe(&t, ws_client_find(&t, id_of(0, 2)), 4);
    assert_true(ws_clients_want(&t, 1));
    assert_false(ws_clients_want(&t, 2 | 8));
    ws_client_remove(&t, id_of(0, 1));
    assert_false(ws_clients_want(&t, 1));
    assert_true(ws_clients_want(&t, 4));
    ws_client_subscribe(&t, ws_client_find(&t, id_of(0, 2)), 0);
    assert_false(ws_clients_want(&t, 31));
    ws_clients_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_id),
        cmocka_unit_test(topics_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
