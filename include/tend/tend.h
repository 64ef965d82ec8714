/* SPDX-License-Identifier: Apache-2.0 */
/* tend.h: the whole public C API of libtend. docs/c-api.md explains it. */
#ifndef TEND_TEND_H
#define TEND_TEND_H

#include "tend/arrow.h"
#include "tend/check.h"
#include "tend/error.h"
#include "tend/profile.h"
#include "tend/rows.h"
#include "tend/text.h"
#include "tend/value.h"
#include "tend/version.h"

#endif
