package diag

// Names in the network.
const (
	UnknownNamespace   Code = "V1002" // a namespace nobody made
	DuplicateNamespace Code = "V1003" // a namespace made twice
	UnknownLink        Code = "V1101" // an interface nobody made
)

// Interfaces and how they are joined.
const (
	DuplicateLink  Code = "V2001" // an interface made twice
	TwoCables      Code = "V2002" // an interface at two cables
	SameEnds       Code = "V2003" // a cable from an interface to itself
	BridgeInBridge Code = "V2004" // a bridge as a port of a bridge
	NotABridge     Code = "V2005" // a port of something that is no bridge
	CannotBePort   Code = "V2006" // a kind of interface that no bridge takes
	CannotMove     Code = "V2007" // a kind of interface that stays in its namespace
	BadMTU         Code = "V2009" // an MTU its kind does not take
	BadMAC         Code = "V2010" // a MAC no interface can bear
	DuplicateMAC   Code = "V2011" // one MAC twice on a segment
	BridgeLoop     Code = "V2012" // bridges in a circle without spanning tree
	BadVNI         Code = "V2013" // a VXLAN id out of range
	DuplicateVNI   Code = "V2014" // one VXLAN id twice in a namespace
	BadPort        Code = "V2015" // a UDP port out of range
	LoopbackStays  Code = "V2016" // lo cannot be removed
)

// Addresses.
const (
	HostBits           Code = "V3001" // a destination with host bits
	EdgeAddress        Code = "V3002" // the network or broadcast address on an interface
	DuplicateAddress   Code = "V3003" // one address twice on a segment
	AddressTwice       Code = "V3004" // one address twice in a namespace
	GatewayUnreachable Code = "V3005" // a gateway on none of the connected subnets
	OwnGateway         Code = "V3006" // a gateway that is the namespace itself
	ForeignSource      Code = "V3007" // a source address the namespace does not have
	SameSubnet         Code = "V3008" // one subnet on two interfaces
	MixedFamilies      Code = "V3009" // IPv4 and IPv6 in one route
	SmallMTU           Code = "V3010" // too small an MTU for IPv6
	NotAnInterface     Code = "V3011" // an address no interface can bear
	NoSuchAddress      Code = "V3012" // an address that is not there
	NoIPv6             Code = "V3013" // an IPv6 address where IPv6 is off
)

// Routes, rules and neighbours.
const (
	NoSuchRoute        Code = "V3014" // a route that is not there
	DuplicateRoute     Code = "V3015" // a route that is there already
	NoDevice           Code = "V3016" // a route that does not say through what
	DeviceDown         Code = "V3017" // a route through an interface that is down
	DuplicateRule      Code = "V3018" // a rule that is there already
	NoSuchRule         Code = "V3019" // a rule that is not there
	DuplicateNeighbour Code = "V3020" // a neighbour that is there already
	NoSuchNeighbour    Code = "V3021" // a neighbour that is not there
)
