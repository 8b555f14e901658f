package diag

// Names and values.
const (
	CodeName     Code = "V1020" // a name that may not be used
	CodeNameLong Code = "V1021" // a name too long

	CodeKind      Code = "V1201" // another kind of value is wanted
	CodeUnit      Code = "V1202" // a number without its unit
	CodeMalformed Code = "V1203" // almost an address, a length, …
	CodeOperator  Code = "V1204" // an operator between values it does not take
	CodeOverflow  Code = "V1205" // a result that does not fit
	CodeDivision  Code = "V1206" // division by zero
	CodeIndex     Code = "V1207" // no such element
	CodeField     Code = "V1208" // no such field or key
	CodeCondition Code = "V1209" // neither true nor false
	CodeRegexp    Code = "V1210" // not a regular expression
	CodeRange     Code = "V1211" // a range with too many elements
	CodePool      Code = "V1212" // a pool of subnets used up
	CodeBounds    Code = "V1213" // a number outside of what is possible

	CodeArgCount Code = "V1220" // a function with too few or too many arguments
	CodeArgName  Code = "V1221" // an argument the function does not have
	CodeFunction Code = "V1222" // a built-in function that could not do it
)
