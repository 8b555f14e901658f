package usage

// made are the places of the statements that make an interface.
var made = map[string]Kind{"END": NewEnd}

// table is sorted by word; a test keeps it so.
var table = []Entry{
	{
		Word: "addr", Doc: "give an interface addresses, or take them away",
		Forms: []string{"addr [add|replace|del] END CIDR…"}, Verbs: []string{"add", "replace", "del"},
	},
	{Word: "break", Doc: "leave the innermost loop", Forms: []string{"break"}},
	{
		Word: "bridge", Doc: "make a bridge, a switch in software",
		Places: made, Forms: []string{"bridge END [CIDR…] [stp on|off] [vlan_filtering on|off] [ageing D] [mtu N] [mac M] [down]"},
		Options: with(device,
			Option{Name: "ageing", Arg: "D", Kind: Duration, Arity: 1, Doc: "how long a learned address is kept"},
			Option{Name: "stp", Arg: "on|off", Kind: Switch, Arity: 1, Doc: "spanning tree"},
			Option{Name: "vlan_filtering", Arg: "on|off", Kind: Switch, Arity: 1, Doc: "keep VLANs apart"}),
	},
	{Word: "commit", Doc: "make what stands so far permanent", Forms: []string{"commit"}},
	{Word: "continue", Doc: "begin the next round of the innermost loop", Forms: []string{"continue"}},
	{
		Word: "def", Doc: "make a function, called like a statement or in an expression",
		Places: map[string]Kind{"NAME": NewFunc}, Forms: []string{"def NAME(a, b = 1, rest…) { … }"}, Block: true,
	},
	{Word: "defer", Doc: "run a statement at the end of its block, either way", Forms: []string{"defer STATEMENT|{ … }"}, Block: true},
	{Word: "dns", Doc: "set the name servers of the namespace", Forms: []string{"dns IP…"}},
	{
		Word: "dummy", Doc: "make an interface that swallows what it is given",
		Places: made, Forms: []string{"dummy END [CIDR…] [mtu N] [mac M] [down]"}, Options: device,
	},
	{Word: "echo", Doc: "print a line", Forms: []string{"echo TEXT…"}},
	{
		Word: "ensure", Doc: "converge to what may be there already instead of failing",
		Forms: []string{"ensure STATEMENT|{ … }"}, Block: true,
	},
	{
		Word: "exec", Doc: "run a program and its arguments",
		Forms: []string{
			"exec [timeout D] [status N|any] [as USER] [dir PATH] [env K=V]… [quiet] [in NS] PROGRAM ARG…",
			"exec [OPTIONS] [in NS] sh STRING",
			"exec [OPTIONS] [in NS] { one command a line }",
		},
		Options: []Option{
			{Name: "as", Arg: "USER", Kind: User, Arity: 1, Doc: "run as another user"},
			{Name: "dir", Arg: "PATH", Kind: Path, Arity: 1, Doc: "the folder to start in"},
			{Name: "env", Arg: "K=V", Kind: Text, Arity: 1, Repeat: true, Doc: "set an environment variable"},
			{Name: "quiet", Doc: "do not show what the program prints"},
			{Name: "status", Arg: "N|any", Kind: Int, Values: []string{"any"}, Min: 0, Max: 255, Arity: 1, Doc: "the exit status that is a success"},
			{Name: "timeout", Arg: "D", Kind: Duration, Arity: 1, Doc: "stop the program after this time"},
		},
	},
	{
		Word: "expect", Doc: "fail the script unless a condition holds",
		Places: map[string]Kind{"X": Target, "Y": Target, "CIDR": Dest}, Forms: []string{
			"expect [no] ping A -> B [within D] [count N] [loss CMP P] [rtt CMP D] [size N]",
			"expect [no] tcp|udp A -> B port N [within D]",
			"expect [no] path A -> B via X, Y [within D]",
			"expect [no] route NS -> CIDR [via IP] [dev IF] [within D]",
			"expect [no] exec …",
			"expect EXPR [\"why\"]",
		},
		Options: conditions,
	},
	{Word: "fail", Doc: "fail with a message", Forms: []string{"fail TEXT…"}},
	{Word: "for", Doc: "repeat for each element", Places: map[string]Kind{"X": NewVar, "Y": NewVar}, Forms: []string{"for X[, Y] in EXPR { … }"}, Block: true},
	{Word: "forward", Doc: "route between the interfaces of the namespace", Forms: []string{"forward on|off"}, Verbs: []string{"on", "off"}},
	{Word: "hosts", Doc: "add a line to the namespace's /etc/hosts", Places: map[string]Kind{"NAME": Fresh}, Forms: []string{"hosts IP NAME…"}},
	{Word: "if", Doc: "choose", Forms: []string{"if EXPR { … } [else if EXPR { … }]… [else { … }]"}, Block: true},
	{
		Word: "ifb", Doc: "make an intermediate functional block, to shape what comes in",
		Places: made, Forms: []string{"ifb END [CIDR…] [mtu N] [mac M] [down]"}, Options: device,
	},
	{Word: "import", Doc: "bring in the functions of a module", Places: map[string]Kind{"PATH": Module, "X": Fresh}, Forms: []string{"import PATH [as X]"}},
	{Word: "in", Doc: "run statements inside namespaces", Forms: []string{"in NS… STATEMENT", "in NS… { … }"}, Block: true},
	{Word: "lab", Doc: "name the lab", Places: map[string]Kind{"NAME": Fresh}, Forms: []string{"lab NAME"}},
	{Word: "let", Doc: "make variables", Places: map[string]Kind{"NAME": NewVar}, Forms: []string{"let NAME[, NAME] = EXPR", "let NAME = exec …", "let NAME = spawn …"}},
	{
		Word: "link", Doc: "change or remove an interface",
		Forms: []string{
			"link set END up|down|mtu N|mac M|master B|nomaster|netns NS|name X|promisc on|off|alias S",
			"link del END…",
		},
		Verbs: []string{"set", "del"},
		Options: []Option{
			{Name: "alias", Arg: "S", Kind: Text, Arity: 1, Doc: "a description"},
			{Name: "down", Doc: "take it down"},
			{Name: "mac", Arg: "M", Kind: MAC, Arity: 1, Doc: "its hardware address"},
			{Name: "master", Arg: "B", Kind: Link, Place: Bridge, Arity: 1, Doc: "make it a port of a bridge"},
			{Name: "mtu", Arg: "N", Kind: Int, Min: 68, Max: 65535, Arity: 1, Doc: "the largest packet, in bytes"},
			{Name: "name", Arg: "X", Kind: Link, Place: NewLink, Arity: 1, Doc: "a new name"},
			{Name: "netns", Arg: "NS", Kind: Name, Arity: 1, Doc: "move it to another namespace, with all it has"},
			{Name: "nomaster", Doc: "take it out of its bridge"},
			{Name: "promisc", Arg: "on|off", Kind: Switch, Arity: 1, Doc: "receive what is for others, too"},
			{Name: "up", Doc: "take it up"},
		},
	},
	{Word: "logs", Doc: "print what programs in the background have printed", Places: map[string]Kind{"NAME": Spawned}, Forms: []string{"logs NAME…"}},
	{
		Word: "macvlan", Doc: "make an interface with its own MAC address on another interface",
		Places: made, Forms: []string{"macvlan END [CIDR…] on PARENT [mode M] [mtu N] [mac M] [down]"},
		Options: with(device,
			Option{Name: "mode", Arg: "M", Kind: Word, Values: []string{"bridge", "passthru", "private", "source", "vepa"}, Arity: 1, Doc: "how the siblings talk to each other"},
			Option{Name: "on", Arg: "PARENT", Kind: Link, Arity: 1, Required: true, Doc: "the interface it sits on"}),
	},
	{
		Word: "neigh", Doc: "set what the kernel believes about a neighbour",
		Forms: []string{"neigh add|replace|del IP lladdr MAC dev IF [proxy]"}, Verbs: []string{"add", "replace", "del"},
		Options: []Option{
			{Name: "dev", Arg: "IF", Kind: Link, Arity: 1, Doc: "the interface it is behind"},
			{Name: "lladdr", Arg: "MAC", Kind: MAC, Arity: 1, Doc: "its hardware address"},
			{Name: "proxy", Doc: "answer in its place"},
		},
	},
	{
		Word: "ns", Doc: "make network namespaces, the hosts of the network",
		Places: map[string]Kind{"NAME": NewName, "del NAME": Name}, Forms: []string{
			"ns NAME… [forward on|off] [sysctl KEY = VALUE]… [{ … }]",
			"ns NAME from pid N|PATH",
			"ns del NAME…",
		},
		Block: true,
		Options: []Option{
			{Name: "forward", Arg: "on|off", Kind: Switch, Arity: 1, Doc: "route between its interfaces"},
			{Name: "from", Arg: "pid N|PATH", Kind: Path, Arity: 1, Doc: "adopt a namespace made by something else"},
			{Name: "private", Arg: "PATH…", Kind: Path, Arity: Many, Doc: "folders that its programs have for themselves", Later: "`exec in NS unshare -m sh -c 'mount … && …'` gives one program mounts of its own"},
			{Name: "sysctl", Arg: "KEY = VALUE", Kind: Value, Arity: 2, Equals: true, Repeat: true, Doc: "set a kernel parameter"},
		},
	},
	{Word: "on", Doc: "run a statement when its place is rolled back", Forms: []string{"on rollback STATEMENT|{ … }"}, Verbs: []string{"rollback"}, Block: true},
	{Word: "parallel", Doc: "run the statements of a block at the same time", Forms: []string{"parallel [N] { … }"}, Block: true},
	{Word: "param", Doc: "name a value that the caller may give", Places: map[string]Kind{"NAME": NewVar}, Forms: []string{"param NAME [= DEFAULT] [\"help\"]"}},
	{Word: "return", Doc: "leave a function, with a value or without", Forms: []string{"return [EXPR]"}},
	{
		Word: "route", Doc: "change the routing table",
		Forms: []string{
			"route [add|change|replace|append|del] DEST [via IP|NS] [dev IF] [src IP] [metric N] [table T] [proto P] [scope S] [onlink] [nexthop …]…",
			"route [add|…] blackhole|unreachable|prohibit|throw DEST [metric N] [table T]",
		},
		Verbs: []string{"add", "change", "replace", "append", "del"}, Options: routes,
	},
	{
		Word: "rule", Doc: "change the routing policy",
		Forms: []string{"rule add|del [not] [from CIDR] [to CIDR] [iif IF] [oif IF] [fwmark N] [tos N] [priority N] [family F] table T|blackhole|unreachable|prohibit"},
		Verbs: []string{"add", "del"}, Options: rules,
	},
	{Word: "set", Doc: "change variables", Places: map[string]Kind{"NAME": Variable}, Forms: []string{"set NAME[, NAME] = EXPR", "set NAME = exec …"}},
	{
		Word: "show", Doc: "print a part of the network",
		Forms:   []string{"show ns|links|addrs|routes|neigh|rules|lab [table T] [in NS…]"},
		Verbs:   []string{"ns", "links", "addrs", "routes", "neigh", "rules", "lab"},
		Options: []Option{{Name: "table", Arg: "T", Kind: Value, Values: tables, Arity: 1, Doc: "another routing table"}},
	},
	{
		Word: "spawn", Doc: "start a program in the background",
		Forms: []string{
			"spawn [as NAME] [ready PORT|PATTERN|D] [timeout D] [restart N] [user USER] [dir PATH] [env K=V]… [quiet] [in NS] PROGRAM ARG…",
			"spawn [OPTIONS] [in NS] sh STRING",
		},
		Options: []Option{
			{Name: "as", Arg: "NAME", Kind: Text, Place: Fresh, Arity: 1, Doc: "what `stop` and `logs` call it; else it has the name of the program"},
			{Name: "dir", Arg: "PATH", Kind: Path, Arity: 1, Doc: "the folder to start in"},
			{Name: "env", Arg: "K=V", Kind: Text, Arity: 1, Repeat: true, Doc: "set an environment variable"},
			{Name: "quiet", Doc: "do not show what the program prints"},
			{Name: "ready", Arg: "PORT|PATTERN|D", Kind: Value, Arity: 1, Doc: "wait until it listens on a port, prints a line that matches, or has lived that long"},
			{Name: "restart", Arg: "N", Kind: Int, Min: 1, Max: 1000, Arity: 1, Doc: "start it again when it fails, at most that often"},
			{Name: "timeout", Arg: "D", Kind: Duration, Arity: 1, Doc: "how long it may take to become ready: 30s if not given"},
			{Name: "user", Arg: "USER", Kind: User, Arity: 1, Doc: "run as another user"},
		},
	},
	{Word: "stop", Doc: "end programs in the background", Places: map[string]Kind{"NAME": Spawned}, Forms: []string{"stop NAME…"}},
	{Word: "sysctl", Doc: "set a kernel parameter of the namespace", Forms: []string{"sysctl KEY = VALUE"}},
	{
		Word: "tap", Doc: "make a tap, an interface that a program reads frames from",
		Places: made, Forms: []string{"tap END [CIDR…] [user U] [group G] [multi_queue] [mtu N] [mac M] [down]"}, Options: tuntap,
	},
	{
		Word: "test", Doc: "a block that `vnet test` carries out in a network of its own",
		Forms: []string{"test \"name\" { … }"}, Block: true,
	},
	{
		Word: "transaction", Doc: "a savepoint: undone alone if it fails, then fails outward",
		Forms: []string{"transaction [\"name\"] { … }"}, Block: true,
	},
	{Word: "try", Doc: "contain a failure", Forms: []string{"try { … } [catch [E] { … }]", "try STATEMENT"}, Block: true},
	{
		Word: "tun", Doc: "make a tun, an interface that a program reads packets from",
		Places: made, Forms: []string{"tun END [CIDR…] [user U] [group G] [multi_queue] [mtu N] [down]"}, Options: tun,
	},
	{
		Word: "uplink", Doc: "give a namespace a way into the network of the machine",
		Places: made, Forms: []string{"uplink END [CIDR] [carrier PROGRAM] [mtu N] [mac M]"}, Options: uplink,
	},
	{
		Word: "veth", Doc: "join two namespaces with a cable",
		Places: made, Forms: []string{
			"veth END [CIDR…] [mac M] <-> END [CIDR…] [mac M] [net CIDR] [mtu N] [down]",
			"veth END … <-> BRIDGE [as PORT]",
		},
		Options: cable,
	},
	{
		Word: "vxlan", Doc: "make a tunnel for frames over UDP",
		Places: made, Forms: []string{"vxlan END [CIDR…] id N [local IP] [remote IP|group IP] [dev IF] [port N] [ttl N] [learning on|off] [mtu N] [mac M] [down]"},
		Options: vxlan,
	},
	{
		Word: "wait", Doc: "pause, or wait for a condition",
		Forms: []string{"wait D", "wait until CONDITION [timeout D] [every D]", "wait [timeout D] [every D] until CONDITION"},
		Options: with(conditions,
			Option{Name: "every", Arg: "D", Kind: Duration, Arity: 1, Doc: "the pause between two looks"},
			Option{Name: "timeout", Arg: "D", Kind: Duration, Arity: 1, Doc: "fail after this time"}),
	},
	{Word: "warn", Doc: "print a warning", Forms: []string{"warn TEXT…"}},
	{Word: "while", Doc: "repeat while a condition holds", Forms: []string{"while EXPR { … }"}, Block: true},
}
