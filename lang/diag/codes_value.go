package diag

// Names and values.
const (
	BadName  Code = "V1020" // a name that may not be used
	LongName Code = "V1021" // a name too long

	WrongKind      Code = "V1201" // another kind of value is wanted
	MissingUnit    Code = "V1202" // a number without its unit
	Malformed      Code = "V1203" // almost an address, a prefix, a MAC address
	WrongOperands  Code = "V1204" // an operator between values it does not take
	Overflow       Code = "V1205" // a result that does not fit
	DivisionByZero Code = "V1206" // division by zero
	NoElement      Code = "V1207" // no such element
	NoField        Code = "V1208" // no such field or key
	NotCondition   Code = "V1209" // neither true nor false
	BadRegexp      Code = "V1210" // not a regular expression
	LongRange      Code = "V1211" // a range, list or text that is too long
	PoolUsedUp     Code = "V1212" // a pool of subnets used up
	OutOfBounds    Code = "V1213" // a number outside of what is possible

	ArgCount       Code = "V1220" // a function with too few or too many arguments
	UnknownArg     Code = "V1221" // an argument the function does not have
	FunctionFailed Code = "V1222" // a built-in function that could not do it
)
