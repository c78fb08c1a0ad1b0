/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/task.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const AeTask *const ae_tasks[] = { &ae_task_denoise, &ae_task_codec,
  &ae_task_anomaly, &ae_task_autoencoder, &ae_task_classifier,
  &ae_task_gan, &ae_task_rbm, NULL };

static const AeTask *
find (const char *name)
{
  for (const AeTask *const *task = ae_tasks; *task; task++)
    if (strcasecmp ((*task)->name, name) == 0)
      return *task;
  return NULL;
}

const AeTask *
ae_task_of (const AeRecipe *recipe)
{
  const char *name = ae_recipe_get (recipe, "model", "task");
  const AeTask *task
      = find (name ? name : ae_keys[ae_keys_find ("model", "task")].fallback);
  assert (task); /* the schema has no other words */
  return task;
}

bool
ae_task_uses (const AeTask *task, const AeKey *key)
{
  char full[64];
  snprintf (full, sizeof full, "%s.%s", key->section, key->name);
  for (const char *word = task->keys; *word;) {
    size_t n = strcspn (word, " ");
    if ((n == strlen (key->section) && strncmp (word, key->section, n) == 0)
        || (n == strlen (full) && strncmp (word, full, n) == 0))
      return true;
    word += n + (word[n] == ' ');
  }
  return false;
}

const char *
ae_task_default (const AeTask *task, const AeKey *key)
{
  const AeTaskDefault *d = task->defaults;
  for (; d && d->section; d++)
    if (strcmp (d->section, key->section) == 0
        && strcmp (d->name, key->name) == 0)
      return d->value;
  return key->fallback;
}

AeStatus
ae_task_check_keys (const AeRecipe *recipe, AeError *err)
{
  const AeTask *task = ae_task_of (recipe);
  for (const AeKey *key = ae_keys; key->section; key++)
    if (ae_recipe_get (recipe, key->section, key->name)
        && !ae_task_uses (task, key))
      return ae_fail (err, AE_ERROR_FORMAT,
          "[%s] %s is not used by task '%s': take it out, or name another "
          "task in [model]",
          key->section, key->name, task->name);
  return AE_OK;
}
