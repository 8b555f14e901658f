package diag

// Variables, functions and modules.
const (
	UnknownVariable   Code = "V1001" // a variable nobody made
	UnknownFunction   Code = "V1004" // a function or statement nobody made
	DuplicateName     Code = "V1005" // a variable, parameter or function made twice
	OutsideLoop       Code = "V1006" // break or continue without a loop, return without a function
	MissingParam      Code = "V1007" // a param the caller must give
	UnknownParam      Code = "V1008" // a param the script does not have
	MissingModule     Code = "V1009" // an import that is not there
	ImportCycle       Code = "V1010" // a module that imports itself
	DuplicateKey      Code = "V1011" // a key twice in one map
	WrongCount        Code = "V1012" // as many names as values are wanted
	TooDeep           Code = "V1013" // functions that call each other without end
	NotHere           Code = "V1014" // a statement that does not belong where it stands
	AlmostSubtraction Code = "V1015" // a-b where a - b was meant
)

// Names in the network, and what this version lacks.
const (
	ForeignNamespace  Code = "V1016" // check: a namespace the script does not make
	NotInVersion      Code = "V1017" // a part of the language that is not built yet
	NamespaceIsBridge Code = "V1018" // one name for a namespace and a bridge
	SysctlKey         Code = "V1019" // a kernel parameter that is not the network's
)

// What can hardly be meant.
const (
	Unreachable     Code = "V1022" // a statement that is never reached
	ForgottenDollar Code = "V1023" // the name of a variable without its dollar
	Endless         Code = "V1024" // a loop too long to be looked at to its end
)

// Statements that lack something or name what does not fit.
const (
	PortWithoutBridge Code = "V1030" // `as` at an end that is no bridge
	OptionMissing     Code = "V1031" // an option that a statement cannot do without
	NoSuchUser        Code = "V1032" // a user or group this machine does not have
	OtherNamespace    Code = "V1033" // an interface in another namespace than wanted
)

// Between namespaces.
const (
	NoSharedLink Code = "V3030" // two namespaces without a link between them
)

// Programs, before they run.
const (
	ShellSyntax Code = "V4020" // a text for sh that the shell would not understand
	PastedShell Code = "V4022" // a variable in the middle of a text for sh
)

// Checks.
const (
	NoTarget Code = "V4021" // an expect towards something without an address
)

// Convergence.
const (
	CannotConverge Code = "V2030" // ensure found something else under the name
)
