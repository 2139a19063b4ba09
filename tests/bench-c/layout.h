/* Where the fields of ixp-common's tables lie.
 * `BLESS=1 cargo nextest run -p ixp-tests --test layout` writes this file. */
#pragma once
#define PolicyTable_size 158896
#define PolicyTable_seed 0
#define PolicyTable_places 8
#define PolicyTable_lans 8304
#define PolicyTable_ethertypes 11408
#define PolicyTable_flags 11426
#define PolicyTable_lan_of 11440
#define PolicyTable_home_of 15536
#define PolicyTable_displacements 23728
#define PolicyTable_stations 27824
#define PolicyTable_flag_TAGS 1
#define PolicyTable_flag_MOVES 8
#define Lan_size 48
#define Lan_ipv6 0
#define Lan_ipv6_mask 16
#define Lan_ipv4 32
#define Lan_ipv4_mask 36
#define Lan_vlan 40
#define Lan_mtu 42
#define Lan_flags 46
#define Lan_flag_KNOWN 1
#define Lan_flag_IPV4 2
#define Lan_flag_IPV6 4
#define Station_size 16
#define Station_key 0
#define Station_interface 8
#define Station_port 12
#define PortPolicy_size 24
#define PortPolicy_slot 0
#define PortPolicy_host_mac 8
#define PortPolicy_deployment 18
#define PortPolicy_consume 19
#define PortPolicy_port 16
