package host

// A Trait is something in a namespace that no State shows, because no operation
// makes it but programs do: traffic control, tables of the packet filter.
type Trait struct {
	NS    string
	Name  string   // as one calls it:  qdisc eth0 at root netem
	On    string   `json:",omitempty"` // the interface it is on; empty: the namespace
	Lines []string // what there is to say of it
	Raw   bool     `json:",omitempty"` // the lines are the kernel's numbers, and nothing to read
}

// Traits are those of a namespace.
type Traits struct {
	List []Trait
	// Blind says why tables of the packet filter are not among them; empty: they
	// are.
	Blind string `json:",omitempty"`
}
