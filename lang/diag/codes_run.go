package diag

// Programs and tests.
const (
	CodeProgram        Code = "V4001" // a program ended with another status than wanted
	CodeExpect         Code = "V4002" // an expect did not hold
	CodeProgramAbsent  Code = "V4003" // a program that cannot be started
	CodeProgramTimeout Code = "V4004" // a program that ran too long
	CodeProgramSignal  Code = "V4005" // a program killed by a signal
	CodeReady          Code = "V4006" // a spawned program that did not become ready
	CodeTest           Code = "V4007" // a test block failed
	CodeFail           Code = "V4010" // a fail statement
	CodeWait           Code = "V4011" // a wait that took too long
)

// Refusals of the kernel.
const (
	CodeRefused            Code = "V5101" // any other reason
	CodeRefusedExists      Code = "V5102" // it is there already
	CodeRefusedAbsent      Code = "V5103" // it is not there
	CodeRefusedPermission  Code = "V5104" // not permitted
	CodeRefusedUnsupported Code = "V5105" // this kernel cannot
	CodeRefusedBusy        Code = "V5106" // something uses it
	CodeRefusedInvalid     Code = "V5107" // a value the kernel does not take
	CodeRefusedUnreachable Code = "V5108" // a gateway that no route leads to
	CodeRefusedFull        Code = "V5109" // a limit is reached
)

// Transactions.
const (
	CodeIncomplete   Code = "V6001" // a rollback left something
	CodeCommitInside Code = "V6002" // commit within a transaction block
	CodeIrreversible Code = "V6003" // what no undo brings back, outside of irreversible
	CodeInterrupted  Code = "V6004" // stopped by a signal
	CodeTimeout      Code = "V6005" // stopped by --timeout
	CodeHandler      Code = "V6006" // on rollback or defer failed
	CodeForeign      Code = "V6007" // changed by someone else meanwhile
)

// The machine.
const (
	CodeFileAbsent    Code = "V7001" // no such file
	CodeFileDirectory Code = "V7002" // a directory in place of a file
	CodeFileDenied    Code = "V7003" // a file that may not be read
	CodeFileSize      Code = "V7004" // a file too large for a script
	CodeFileKind      Code = "V7005" // neither a file nor text
	CodePrivilege     Code = "V7010" // more rights are needed
	CodeKernelLacks   Code = "V7011" // this kernel lacks a kind of interface or a feature
	CodeNotLinux      Code = "V7012" // no Linux
	CodeMachineLacks  Code = "V7013" // this machine lacks a file or folder vnet works with
	CodeBug           Code = "V7090" // a mistake in vnet itself
)
