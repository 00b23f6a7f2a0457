// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lab/page/document.hpp"

namespace report {

/// The <title> of an SVG document, runs of white space as one space: the first that is a child of the root;
/// "" where there is none.
///
/// Throws dope::Error of `where` unless it is XML in UTF-8, each element closed in its turn, each attribute
/// with a value, no entity but XML's own, whose root is <svg> of SVG's namespace: a browser would show a
/// broken picture. A document type is an error too: it may define entities.
[[nodiscard]] std::string title_of_svg(std::string_view bytes, const std::string& where);

/// Of the files that a run lists (lab::files_of_run) the *.svg that are there, by name, each titled by its
/// <title>, or its name where that says nothing. Throws dope::Error as title_of_svg does, and for a file
/// above 8 MiB.
[[nodiscard]] std::vector<page::PictureFile> pictures_of(const std::filesystem::path& folder,
                                                         const std::vector<std::string>& files);

}  // namespace report
