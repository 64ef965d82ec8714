/* SPDX-License-Identifier: Apache-2.0 */
/* headers_cpp.cpp: the public headers compile as C++11, and their functions have C linkage. */
#include "tend/tend.h"

#include <memory>
#include <string>

struct profile_deleter {
    void operator()(tend_profile *profile) const
    {
        tend_profile_free(profile);
    }
};

int main()
{
    tend_error err = tend_error();
    tend_profile *made = nullptr;
    const tend_code code = tend_profile_from_bytes("no table", 8, &made, &err);
    const std::unique_ptr<tend_profile, profile_deleter> profile(made);
    tend_check_options options = tend_check_options();
    tend_value_sums sums = tend_value_sums();
    tend_profile_column column = tend_profile_column();
    const std::string version(tend_version_text());
    const bool is_fine = code == TEND_ECORRUPT && options.fdr == 0 && sums.row_count == 0 &&
                         column.name == nullptr && version.find('.') != std::string::npos;
    return is_fine ? 0 : 1;
}
