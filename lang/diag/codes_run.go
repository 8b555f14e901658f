package diag

// Programs and tests.
const (
	ProgramFailed  Code = "V4001" // a program ended with another status than wanted
	ExpectFailed   Code = "V4002" // an expect did not hold
	ProgramAbsent  Code = "V4003" // a program that cannot be started
	ProgramTimeout Code = "V4004" // a program that ran too long
	ProgramKilled  Code = "V4005" // a program killed by a signal
	NotReady       Code = "V4006" // a spawned program that did not become ready
	TestFailed     Code = "V4007" // a test block failed
	UnknownProgram Code = "V4008" // stop or logs of what was not spawned
	ScriptFailed   Code = "V4010" // a fail statement
	WaitTimeout    Code = "V4011" // a wait that took too long
)

// Refusals of the kernel.
const (
	Refused            Code = "V5101" // any other reason
	RefusedExists      Code = "V5102" // it is there already
	RefusedAbsent      Code = "V5103" // it is not there
	RefusedPermission  Code = "V5104" // not permitted
	RefusedUnsupported Code = "V5105" // this kernel cannot
	RefusedBusy        Code = "V5106" // something uses it
	RefusedInvalid     Code = "V5107" // a value the kernel does not take
	RefusedUnreachable Code = "V5108" // a gateway that no route leads to
	RefusedFull        Code = "V5109" // a limit is reached
)

// Transactions.
const (
	RollbackIncomplete Code = "V6001" // a rollback left something
	CommitInside       Code = "V6002" // commit within a transaction block
	Irreversible       Code = "V6003" // what no undo brings back, outside of irreversible
	Interrupted        Code = "V6004" // stopped by a signal
	TimedOut           Code = "V6005" // stopped by --timeout
	HandlerFailed      Code = "V6006" // on rollback or defer failed
	ChangedMeanwhile   Code = "V6007" // changed by someone else meanwhile
	Locked             Code = "V6008" // another transaction is changing the namespace
	LabIsUp            Code = "V6009" // a lab that is there already
	UnknownLab         Code = "V6010" // a lab that is not there
	NotConfirmed       Code = "V6011" // --confirm, and nobody did
)

// The machine.
const (
	FileAbsent     Code = "V7001" // no such file
	FileDirectory  Code = "V7002" // a directory in place of a file
	FileDenied     Code = "V7003" // a file that may not be read
	FileTooLarge   Code = "V7004" // a file too large for a script
	NotAScript     Code = "V7005" // neither a file nor text
	NeedsPrivilege Code = "V7010" // more rights are needed
	KernelLacks    Code = "V7011" // this kernel lacks a kind of interface or a feature
	NotLinux       Code = "V7012" // no Linux
	MachineLacks   Code = "V7013" // this machine lacks a file or folder vnet works with
	Bug            Code = "V7090" // a mistake in vnet itself
)
