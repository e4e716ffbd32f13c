# Sourced by an `install`: with_maven GROUP:ARTIFACT:VERSION puts the libraries of a broker into `$home/lib`, and compiles
# the starter `Broker.java` of the folder against them.
with_maven() {
    command -v mvn >/dev/null || { echo "install Maven and a JDK: maven openjdk-17-jdk-headless" >&2; exit 1; }
    local group artifact version
    IFS=: read -r group artifact version <<<"$1"
    mkdir -p "$home"
    cat >"$home/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>
  </dependencies>
</project>
POM
    mvn -q -B -f "$home/pom.xml" dependency:copy-dependencies -DoutputDirectory="$home/lib" -DincludeScope=runtime
    javac -cp "$home/lib/*" -d "$home" "$here/Broker.java"
}
