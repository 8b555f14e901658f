package host

import "time"

// A Frame is what went through an interface.
type Frame struct {
	At   time.Time
	Data []byte // from the link layer on; only until the function it is given to returns
	Size int    // of the whole, where Data is cut short
	Out  bool   // it was sent
}

// A Tap is an interface that is listened to, and what came of it.
type Tap struct {
	End      End
	LinkType int // LINKTYPE_… of the registry of pcap
	Received uint64
	Dropped  uint64 // what the kernel had no room to hand over
}
