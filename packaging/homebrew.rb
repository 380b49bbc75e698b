# Template of the Homebrew formula; packaging/index fills it in with the archives of a release.
class Atocore < Formula
  desc "Project-knowledge store for LLM agents: typed, reviewed, audited, over MCP"
  homepage "https://github.com/atocore/atocore"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

@ARCHIVES@

  def install
    bin.install "atocore"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/atocore --version")
  end
end
