package diag

// Text that cannot be read.
const (
	ControlByte     Code = "V0001" // a byte that has no place in a text
	NotUTF8         Code = "V0002" // bytes that are not UTF-8
	CurlyQuote      Code = "V0003" // a typographic quote
	LongDash        Code = "V0004" // a dash where a hyphen was meant
	StrangeSpace    Code = "V0005" // a space that is not the ordinary one
	DrawnArrow      Code = "V0006" // an arrow drawn as one character
	OpenQuote       Code = "V0007" // a quote without its end
	BadEscape       Code = "V0008" // a backslash before something it does not know
	LoneDollar      Code = "V0009" // a dollar without a name
	OpenVariable    Code = "V0010" // ${ without }, $x[ without ]
	DeepNesting     Code = "V0011" // brackets or prefixes nested too deep
	TextsTouch      Code = "V0012" // a quoted text without a space beside it
	StrangeSign     Code = "V0013" // | & ! outside of what they mean
	EmptyExpression Code = "V0014" // ${}
)

// Statements.
const (
	NotStatement   Code = "V0101" // what begins no statement
	Incomplete     Code = "V0102" // something a statement cannot do without
	MissingArrow   Code = "V0103" // <-> or -> is not there
	TooMuch        Code = "V0104" // more than the statement takes
	OtherTool      Code = "V0105" // the command line of another tool
	LaterStatement Code = "V0106" // a statement of a later version
	UnknownVerb    Code = "V0107" // a verb the statement does not have
	BareAssignment Code = "V0108" // x = 1 without let or set
	NotName        Code = "V0109" // no identifier where one is wanted
	MissingEquals  Code = "V0110" // = is not there
)

// Options.
const (
	UnknownOption    Code = "V0201" // an option the statement does not have
	OptionValue      Code = "V0202" // an option without what it takes
	RepeatedOption   Code = "V0203" // an option given twice
	RequiredOption   Code = "V0204" // an option that must be given
	MisplacedOption  Code = "V0205" // an option at another place than its own
	ComparisonWanted Code = "V0206" // loss and rtt without < or >
)

// Expressions and blocks.
const (
	MissingOperand Code = "V0301" // a value is not there
	OpenBracket    Code = "V0302" // a bracket without its end
	StrayBracket   Code = "V0303" // the end of a bracket that nothing opened
	MapEntry       Code = "V0304" // an entry of a map that is not KEY: VALUE
	MissingComma   Code = "V0305" // two arguments without a comma
	TouchingIndex  Code = "V0306" // h[1] where $h[1] was meant
	SpacedCall     Code = "V0307" // f (x)
	OperatorSpace  Code = "V0308" // $a -1
	MissingBlock   Code = "V0401" // { is not there
	StrayElse      Code = "V0402" // else or catch not on the line of }
)

// Programs.
const (
	ShellSign    Code = "V0501" // | & < > in an argument list
	NoProgram    Code = "V0502" // exec without a program
	QuoteBracket Code = "V0503" // ( ) { in an argument list
	ShellText    Code = "V0504" // sh with more than its text
)
