#include "support/unit.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "net/address.h"

/* Addresses that are somebody's own, each as (address, whether anybody may be sent there). */
static const struct {
    const char *text;
    bool open;
} addresses[] = {
    {"0.0.0.0", false},         {"0.255.255.255", false},   {"1.1.1.1", true},
    {"9.255.255.255", true},    {"10.0.0.0", false},        {"10.255.255.255", false},
    {"11.0.0.0", true},         {"100.63.255.255", true},   {"100.64.0.0", false},
    {"100.127.255.255", false}, {"100.128.0.0", true},      {"126.255.255.255", true},
    {"127.0.0.0", false},       {"127.0.0.1", false},       {"127.255.255.255", false},
    {"128.0.0.0", true},        {"169.253.255.255", true},  {"169.254.0.0", false},
    {"169.254.169.254", false}, {"169.254.255.255", false}, {"169.255.0.0", true},
    {"172.15.255.255", true},   {"172.16.0.0", false},      {"172.31.255.255", false},
    {"172.32.0.0", true},       {"191.255.255.255", true},  {"192.0.0.0", false},
    {"192.0.0.255", false},     {"192.0.1.0", true},        {"192.0.2.1", false},
    {"192.88.99.1", false},     {"192.167.255.255", true},  {"192.168.0.0", false},
    {"192.168.255.255", false}, {"192.169.0.0", true},      {"198.17.255.255", true},
    {"198.18.0.0", false},      {"198.19.255.255", false},  {"198.20.0.0", true},
    {"198.51.100.7", false},    {"203.0.113.7", false},     {"223.255.255.255", true},
    {"224.0.0.1", false},       {"239.255.255.250", false}, {"240.0.0.1", false},
    {"255.255.255.255", false}, {"8.8.8.8", true},          {"93.184.215.14", true},
};

static bool is_open(int family, const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    void *to = family == AF_INET ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr;
    if (inet_pton(family, text, to) != 1)
        fail_msg("%s is no address", text);
    return address_is_public(family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6);
}

/* Each as it is, and in every way that an IPv6 address can hold it. */
static void every_kind_of_address(void **state)
{
    (void)state;
    size_t cases = 0;
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct in_addr a;
        char text[80];
        assert_int_equal(inet_pton(AF_INET, addresses[i].text, &a), 1);
        unsigned long n = ntohl(a.s_addr);
        const unsigned high = (unsigned)(n >> 16), low = (unsigned)(n & 0xFFFF);
        if (is_open(AF_INET, addresses[i].text) != addresses[i].open)
            fail_msg("%s", addresses[i].text);
        static const struct {
            const char *before, *after;
            bool never; /* not even a public one: nothing that is public is written so */
        } forms[] = {{"::ffff:", "", false},     {"64:ff9b::", "", false},
                     {"2002:", "::1", false},    {"::", "", true},
                     {"64:ff9b:1::", "", true},  {"fe80::", "", true},
                     {"2001:0:1::", "", true},   {"fec0::", "", true}};
        for (size_t f = 0; f < ARRAY_LEN(forms); f++, cases++) {
            (void)snprintf(text, sizeof text, "%s%x:%x%s", forms[f].before, high, low,
                           forms[f].after);
            bool want = addresses[i].open && !forms[f].never;
            if (is_open(AF_INET6, text) != want)
                fail_msg("%s in %s: %d", addresses[i].text, text, !want);
        }
        cases++;
    }
    static const char *const inside[] = {"::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1",
                                         "ff02::1", "2001:db8::1", "100::1", "3fff::1", "5f00::1",
                                         "2001:2::1", "2001:10::1", "4000::1"};
    static const char *const outside[] = {"2001:4860:4860::8888", "2606:4700::1111", "2a00::1",
                                          "2400:cb00::1"};
    for (size_t i = 0; i < ARRAY_LEN(inside); i++, cases++)
        if (is_open(AF_INET6, inside[i]))
            fail_msg("%s", inside[i]);
    for (size_t i = 0; i < ARRAY_LEN(outside); i++, cases++)
        if (!is_open(AF_INET6, outside[i]))
            fail_msg("%s", outside[i]);
    assert_true(cases >= 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_kind_of_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
