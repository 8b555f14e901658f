#include "textflag.h"

// func start(flags uintptr, calls *call, n uintptr) (pid int)
//
// The new process never writes to the stack, which is its parent's.
TEXT ·start(SB), NOSPLIT, $0-32
	MOVQ	flags+0(FP), DI
	MOVQ	calls+8(FP), R12
	MOVQ	n+16(FP), R13
	XORL	SI, SI
	XORL	DX, DX
	XORL	R10, R10
	XORL	R8, R8
	MOVL	$56, AX // clone(2)
	SYSCALL
	TESTQ	AX, AX
	JZ	next
	MOVQ	AX, pid+24(FP)
	RET
next:
	MOVQ	0(R12), AX
	MOVQ	8(R12), DI
	MOVQ	16(R12), SI
	MOVQ	24(R12), DX
	MOVQ	32(R12), R10
	MOVQ	40(R12), R8
	MOVQ	48(R12), R9
	SYSCALL
	ADDQ	$56, R12
	DECQ	R13
	JNZ	next
	INT	$3
