/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZ_CODEC_H
#define FUZZ_CODEC_H

#include <ae/codec.h>

/* The model that the corpus is coded by: of as many channels. */
#define FUZZ_CODEC_LATENTS 48

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

/* What the decoder says of the last packet, as if the stream's model were the
 * decoder's; NEEDS_DATA where there is no packet. */
AeStatus fuzz_codec_answer (const uint8_t *bytes, size_t size);

#endif
