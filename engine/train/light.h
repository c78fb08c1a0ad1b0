/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_LIGHT_H
#define AE_TRAIN_LIGHT_H

/* Display values and linear light, of which the former is the power 1 / 2.2;
 * by tables, to within 1e-4. */

/* Of a display value, 0 to 1; what is outside is taken as the end. */
float ae_light_of (float value);

/* The display value of light, 0 to 4; likewise. */
float ae_light_shown (float light);

#endif
