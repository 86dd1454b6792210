/* Microsoft's compiler, imitated by mingw-w64: the system's headers know their real compiler, and
 * ours, which come after them, do not. */
#include <float.h>
#include <malloc.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <intrin.h>
#include <windows.h>
#undef __GNUC__
#undef __x86_64__
