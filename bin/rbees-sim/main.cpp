#include "application.hpp"

int main(int count, char** words) {
    return rbees::sim::run_application(count, words);
}
