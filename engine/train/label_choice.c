/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/label_choice.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
  int label;
  uint64_t lot;
  size_t index;
} Ticket;

/* By label, then by lot. */
static int
compare_tickets (const void *a, const void *b)
{
  const Ticket *p = a, *q = b;
  if (p->label != q->label)
    return p->label < q->label ? -1 : 1;
  if (p->lot != q->lot)
    return p->lot < q->lot ? -1 : 1;
  return p->index < q->index ? -1 : p->index > q->index;
}

static int
compare_indices (const void *a, const void *b)
{
  const size_t *p = a, *q = b;
  return *p < *q ? -1 : *p > *q;
}

static void
draw_lots (Ticket *tickets, size_t n, AePictureStore *store, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < n; i++)
    tickets[i] = (Ticket){ ae_picture_store_label (store, i),
      ae_rng_next (&rng), i };
  qsort (tickets, n, sizeof *tickets, compare_tickets);
}

AeStatus
ae_label_choice_update (AeLabelChoice *choice, AePictureStore *store,
    size_t per_class, uint64_t seed, AeError *err)
{
  size_t n = ae_picture_store_count (store, false), rank = 0;
  if (n == choice->of)
    return AE_OK;
  Ticket *tickets = ae_calloc (n + 1, sizeof *tickets);
  size_t *indices = ae_calloc (n + 1, sizeof *indices);
  if (!tickets || !indices) {
    ae_free (tickets);
    ae_free (indices);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a choice of pictures");
  }
  draw_lots (tickets, n, store, seed);
  ae_label_choice_clear (choice);
  for (size_t i = 0; i < n; i++) {
    rank = i > 0 && tickets[i].label == tickets[i - 1].label ? rank + 1 : 0;
    if (rank < per_class)
      indices[choice->n++] = tickets[i].index;
  }
  qsort (indices, choice->n, sizeof *indices, compare_indices);
  choice->indices = indices;
  choice->of = n;
  ae_free (tickets);
  return AE_OK;
}

void
ae_label_choice_clear (AeLabelChoice *choice)
{
  ae_free (choice->indices);
  *choice = (AeLabelChoice){ 0 };
}
