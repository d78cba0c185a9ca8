/* address.c - see address.h. */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

typedef struct {
    uint32_t net;
    uint8_t bits;
} Net4;

static const Net4 special4[] = {
    {0x00000000, 8},  /* this network */
    {0x0A000000, 8},  /* private */
    {0x64400000, 10}, /* shared, carrier NAT */
    {0x7F000000, 8},  /* loopback */
    {0xA9FE0000, 16}, /* link-local, cloud metadata */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC0586300, 24}, /* 6to4 relay, deprecated */
    {0xC0A80000, 16}, /* private */
    {0xC6120000, 15}, /* benchmarking */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 4},  /* multicast */
    {0xF0000000, 4},  /* reserved, broadcast */
};

static bool public4(uint32_t ip)
{
    for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++) {
        uint32_t mask = ~(uint32_t)0 << (32 - special4[i].bits);
        if ((ip & mask) == special4[i].net)
            return false;
    }
    return true;
}

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const uint8_t b[16])
{
    static const uint8_t zero[12], nat64[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(b, zero, 10) == 0 && b[10] == 0xFF && b[11] == 0xFF) /* ::ffff:a.b.c.d */
        return public4(word(b + 12));
    if (memcmp(b, nat64, 12) == 0) /* 64:ff9b::a.b.c.d */
        return public4(word(b + 12));
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
        return public4(word(b + 2));
    if ((b[0] & 0xE0) != 0x20) /* only 2000::/3 is global unicast */
        return false;
    uint32_t head = word(b);
    if ((head & 0xFFFFFE00) == 0x20010000) /* 2001::/23: Teredo, ORCHID, assignments */
        return false;
    return head != 0x20010DB8 && (head & 0xFFFFF000) != 0x3FFF0000; /* documentation */
}

bool address_is_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return public4(ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr));
    if (a->sa_family == AF_INET6)
        return public6(((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr);
    return false;
}

bool address_text_is_loopback(Str host)
{
    char text[INET6_ADDRSTRLEN + 1];
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = str_sub(host, 1, host.len - 1);
    if (host.len == 0 || host.len >= sizeof text)
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = '\0';
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool address_is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    if (a->sa_family != AF_INET6)
        return a->sa_family == AF_UNIX;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}
