// Package stdlib is what a script has without writing it: the built-in
// functions, in Go, and the modules that are written in vnet.
//
// A built-in is one row of a table. Its signature is both its documentation
// and what its arguments are checked against, so that the two cannot differ.
package stdlib

import (
	"errors"
	"io"
	"slices"
	"strings"

	"vnet/runtime/value"
)

// A Builtin is one function.
type Builtin struct {
	Name string
	// Sig has the parameters: a must be given, b? may be, rest… takes what is
	// left:  env(name, default?)
	Sig string
	Doc string // what it gives, in a line or two
	Fn  func(*Call) (value.Value, error)
}

// A Call is a built-in at work.
type Call struct {
	Args []Arg
	Env  Env

	bound []bound
}

// An Arg is an argument, by position if it has no name.
type Arg struct {
	Name  string
	Value value.Value
}

// An Env is the world as far as built-ins look at it. What is not to be known
// before the script runs it answers with a value.Unknown, or with
// value.ErrUnknown.
type Env interface {
	// Getenv reads the environment of vnet.
	Getenv(name string) (string, bool)
	// ReadFile reads a file; a relative path begins at the script's folder.
	ReadFile(path string) ([]byte, error)
	// Arg is what the caller gave the script under that name.
	Arg(name string) (value.Value, bool)
	// Random is the source of keys; nil if the script is only tried out.
	Random() io.Reader

	Exists(ref value.Value) (value.Value, error) // a namespace or an interface
	Addrs(ref value.Value) (value.Value, error)  // of an interface or namespace: a list of cidrs
	Links(ns value.Value) (value.Value, error)   // the names of its interfaces
	Routes(ns value.Value) (value.Value, error)  // a list of maps
}

// An ArgError is an error with the argument that it is about, counted as in
// Call.Args; it is -1 if it is about none.
type ArgError struct {
	Arg int
	Err error
}

func (e *ArgError) Error() string { return e.Err.Error() }
func (e *ArgError) Unwrap() error { return e.Err }

// Builtins are all of them, sorted by name.
var Builtins = []*Builtin{
	{"addrs", "addrs(of)", "the addresses of an interface or of a whole namespace, with their prefix lengths", addrs},
	{"arg", "arg(name, default?)", "what the caller gave the script under that name", arg},
	{"chain", "chain(list)", "neighbours in a list: chain([a b c]) is [[a b] [b c]]", chain},
	{"cidr", "cidr(addr, len?)", "an address with a prefix length: cidr(10.0.0.1, 24) is 10.0.0.1/24", cidr},
	{"enumerate", "enumerate(list, start?)", "each element with its number: enumerate([a b]) is [[0 a] [1 b]]", enumerate},
	{"env", "env(name, default?)", "a variable of the environment that vnet was started with", env},
	{"exists", "exists(what)", "whether there is such a namespace or interface now: exists(h1), exists(h1:eth0)", exists},
	{"file", "file(path)", "the text of a file; a relative path begins where the script is", file},
	{"host", "host(net, n)", "the n-th address of a net, with its prefix length: host(10.0.0.0/24, 5) is 10.0.0.5/24; -1 is the last", host},
	{"int", "int(x)", "the number that a text spells, as int(\"0x1f\"); true is 1", toInt},
	{"ip", "ip(x)", "the address alone: ip(10.0.0.1/24) is 10.0.0.1", toIP},
	{"join", "join(list, between?)", "the elements in one text, with a space or something else between them", join},
	{"json", "json(text)", "what a JSON text says: maps, lists, texts, numbers, true, false, null", fromJSON},
	{"keys", "keys(map)", "the keys of a map, in its order", keys},
	{"len", "len(x)", "how many elements, keys or characters x has", length},
	{"links", "links(ns)", "the names of the interfaces of a namespace", links},
	{"lower", "lower(text)", "the text in small letters", lower},
	{"mac", "mac(x)", "a MAC address made of x, the same for the same x, locally administered: mac(1), mac(\"h1:eth0\")", toMAC},
	{"match", "match(text, regexp)", "what the regular expression finds, then its groups; an empty list if it finds nothing", match},
	{"next", "next(from)", "takes the next subnet from a pool; of an address or prefix, the one after it", next},
	{"pairs", "pairs(list)", "every two elements once: pairs([a b c]) is [[a b] [a c] [b c]]", pairs},
	{"peer", "peer(addr)", "the other host of a net of two: peer(10.0.0.1/30) is 10.0.0.2/30", peer},
	{"product", "product(lists…)", "every choice of one element from each list: product([a b] [1 2]) is [[a 1] [a 2] [b 1] [b 2]]", product},
	{"range", "range(a, b?, step?)", "numbers up to but without the last: range(3) is [0 1 2], range(1, 4) is [1 2 3], range(6, 0, -2) is [6 4 2]", numbers},
	{"replace", "replace(text, old, new)", "the text with every old replaced by new", replace},
	{"reverse", "reverse(list)", "the list from its end", reverse},
	{"routes", "routes(ns)", "the routes of a namespace, each a map with dst via dev src metric table proto scope", routes},
	{"sort", "sort(list)", "the list in order: numbers and addresses by size, texts as people do, h2 before h10", sorted},
	{"split", "split(text, at?)", "the words of a text, or its parts between each at", split},
	{"str", "str(x)", "x as text", str},
	{"subnets", "subnets(net, len)", "the subnets of that prefix length, to loop over or to take from with next", subnets},
	{"trim", "trim(text, chars?)", "the text without space, or without those characters, at its ends", trim},
	{"uniq", "uniq(list)", "the list without repetitions", uniq},
	{"upper", "upper(text)", "the text in capital letters", upper},
	{"values", "values(map)", "the values of a map, in its order", values},
	{"wgkey", "wgkey(seed?, public?)", "a private WireGuard key: random, or the same for the same seed (for tests); wgkey(public=$key) is the public key of a private one", wgkey},
	{"zip", "zip(lists…)", "first elements, second elements, …: zip([a b] [1 2]) is [[a 1] [b 2]]; a range or pool may be longer", zip},
}

// Lookup finds a built-in by its name.
func Lookup(name string) (*Builtin, bool) {
	i, ok := slices.BinarySearchFunc(Builtins, name, func(b *Builtin, name string) int { return strings.Compare(b.Name, name) })
	if !ok {
		return nil, false
	}
	return Builtins[i], true
}

// Names are the names of all built-ins, sorted.
func Names() []string {
	names := make([]string, len(Builtins))
	for i, b := range Builtins {
		names[i] = b.Name
	}
	return names
}

// Do calls the built-in. What is made of a value known only when the script
// runs is such a value itself.
func (b *Builtin) Do(c *Call) (value.Value, error) {
	if err := b.bind(c); err != nil {
		return nil, err
	}
	v, err := b.Fn(c)
	if errors.Is(err, value.ErrUnknown) {
		return c.unknown(), nil
	}
	if err != nil {
		return nil, b.explain(err)
	}
	return v, nil
}

// unknown is the unknown argument, for its reason.
func (c *Call) unknown() value.Value {
	for _, a := range c.Args {
		if u, ok := a.Value.(value.Unknown); ok {
			return u
		}
	}
	return value.Unknown{}
}
