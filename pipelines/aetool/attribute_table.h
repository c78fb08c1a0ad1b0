/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ATTRIBUTE_TABLE_H
#define AETOOL_ATTRIBUTE_TABLE_H

/* A table of numbers by picture: "name,glasses,beard" and a line for each. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint n_columns;
  char **columns;   /* names, without the first */
  GHashTable *rows; /* by picture's name: floats (n_columns) */
} AttributeTable;

/* NULL and an error that names the line when it is no such table. */
AttributeTable *attribute_table_read (const char *path, GError **error);
void attribute_table_free (AttributeTable *table); /* NULL is accepted */

/* A picture's numbers, owned by the table; NULL: it has none. */
const float *attribute_table_find (
    const AttributeTable *table, const char *name);

G_END_DECLS

#endif
